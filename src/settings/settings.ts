// The application settings: read once, checked as a whole, with every fault named in one answer.

import { trimmed } from '../rules/characters.ts';
import type { Expectation } from '../rules/mailbox.ts';
import { RESOURCES, type ResourceName } from '../rules/resources.ts';
import { type ApiAuth, registeredApiAuth } from './apiAuth.ts';
import { missingEndpoint } from './connectionString.ts';
import {
  type AlertFormat,
  DEFAULT_POLL_SCHEDULE,
  type FaultKind,
  FIELDS,
  type FieldValues,
  type ListFile,
  quote,
  type Secret,
} from './fields.ts';
import { type GraphIdentity, type ReportFault, readIdentity } from './identity.ts';
import { ownerOf } from './owner.ts';
import { checkPlatform, isUnresolved, UNRESOLVED } from './platformFaults.ts';

export { isLoopback } from './addresses.ts';
export {
  ALERT_FORMATS,
  type AlertFormat,
  DEFAULT_POLL_SCHEDULE,
  type FaultKind,
  type ListFile,
  Secret,
} from './fields.ts';
export type { GraphIdentity } from './identity.ts';

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where runs are kept. */
export type StorageSettings =
  | { readonly kind: 'connection-string'; readonly value: Secret }
  | {
      readonly kind: 'identity';
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      /** For a list in a blob. */
      readonly blobServiceUri: string | undefined;
      readonly credential: string | undefined;
      /** A user-assigned identity: by its client id, or by its resource id. */
      readonly clientId: string | undefined;
      readonly resourceId: string | undefined;
    };

/** Where alerts go, and when. */
export interface AlertSettings {
  /** The address is a secret: everybody who has it may post. */
  readonly url: Secret;
  readonly format: AlertFormat;
  readonly secret: Secret | undefined;
  /** 0 never reminds. */
  readonly reminderHours: number;
  readonly pauseUntil: Date | undefined;
}

export interface Settings {
  /** The mailboxes of ALLOWED_MAILBOXES and DENIED_MAILBOXES, each with its expectation. */
  readonly mailboxes: ReadonlyMap<string, Expectation>;
  /** MAILBOXES_FILE: more mailboxes in a file or a blob. */
  readonly listFile: ListFile | undefined;
  /** Six-field NCRONTAB, UTC. */
  readonly pollSchedule: string;
  /** The origin of Microsoft Graph, without a path: `https://graph.microsoft.com`. */
  readonly graphEndpoint: string;
  /** What mailboxes are asked for. */
  readonly resource: ResourceName;
  readonly graphIdentity: GraphIdentity;
  readonly storage: StorageSettings;
  readonly apiAuth: ApiAuth;
  /** The name under which this app owns its tables. */
  readonly owner: string;
  readonly rules: {
    readonly propagationMinutes: number;
    readonly lockoutAfterRuns: number;
    readonly unverifiedAfterRuns: number;
  };
  /** Never true for a resource that has no subjects. */
  readonly storeSubjects: boolean;
  readonly retentionMonths: number;
  readonly shardSize: number;
  readonly pollConcurrency: number;
  /** Undefined when no webhook is set, or when an alert setting is wrong. */
  readonly alerts: AlertSettings | undefined;
  /** Called after every completed run. Undefined when it is not set or wrong. */
  readonly heartbeatUrl: Secret | undefined;
}

export interface SettingFault {
  readonly setting: string;
  readonly kind: FaultKind;
  /** Names the setting, what is wrong and what is right. May hold values, never secrets. */
  readonly message: string;
  /** What does not work because of it. */
  readonly stops: 'everything' | 'alerts' | 'heartbeat';
}

/** `settings` is undefined when a fault stops everything. */
export interface Configuration {
  readonly settings: Settings | undefined;
  readonly faults: readonly SettingFault[];
}

/** The parts of an identity-based connection follow it. */
const CONNECTION_PREFIX = 'AzureWebJobsStorage__';

/** The schedule to register. A bad one becomes the default: the host does not index a timer it cannot read. */
export function registeredPollSchedule(environment: Environment = process.env): string {
  const read = FIELDS.shape.POLL_SCHEDULE.safeParse(given(environment.POLL_SCHEDULE));
  return read.success ? read.data : DEFAULT_POLL_SCHEDULE;
}

/**
 * Reads and checks the settings. Never throws. An empty setting counts as not set.
 *
 * @param written the name under which a setting stands in the environment of the process
 */
export function readConfiguration(environment: Environment, written = (setting: string) => setting): Configuration {
  const { settings, faults } = readPlain(environment);
  return { settings, faults: faults.map((fault) => asWritten(fault, written)) };
}

/** A text may name several settings. */
function asWritten(fault: SettingFault, written: (setting: string) => string): SettingFault {
  const message = fault.message.replace(/\b[A-Z][A-Z0-9_]+\b/g, written);
  return { ...fault, setting: written(fault.setting), message };
}

function readPlain(environment: Environment): Configuration {
  const faults: SettingFault[] = [];
  const values = readFields(environment, faults);
  const { ALLOWED_MAILBOXES: allowed, DENIED_MAILBOXES: denied } = values;
  if (allowed && denied) faults.push(...listFaults(allowed, denied, values.MAILBOXES_FILE !== undefined));
  // A setting that could not be read is not missing too.
  const report: ReportFault = (setting, kind, text) => {
    if (!faults.some((one) => one.setting === setting)) faults.push(fault(setting, kind, text));
  };
  const identity = readIdentity(values, report);
  const storage = readStorage(values, environment, faults);
  if (values.ALERT_WEBHOOK_SECRET && !given(environment.ALERT_WEBHOOK_URL)) {
    faults.push(
      fault('ALERT_WEBHOOK_SECRET', 'contradictory', 'is set, but ALERT_WEBHOOK_URL is not. Set both or neither.'),
    );
  }
  checkPlatform(environment, report);
  if (faults.some((one) => one.stops === 'everything')) return { settings: undefined, faults };
  // No fault stops everything, so each of these fields was read.
  const settings = assemble(
    values as FieldValues,
    identity as GraphIdentity,
    storage as StorageSettings,
    { apiAuth: registeredApiAuth(environment), owner: ownerOf(environment) },
    readAlerts(values, faults),
  );
  return { settings, faults };
}

function assemble(
  values: FieldValues,
  graphIdentity: GraphIdentity,
  storage: StorageSettings,
  platform: Pick<Settings, 'apiAuth' | 'owner'>,
  alerts: AlertSettings | undefined,
): Settings {
  const mailboxes = new Map<string, Expectation>();
  for (const mailbox of values.ALLOWED_MAILBOXES) mailboxes.set(mailbox, 'allowed');
  for (const mailbox of values.DENIED_MAILBOXES) mailboxes.set(mailbox, 'denied');
  return {
    mailboxes,
    listFile: values.MAILBOXES_FILE,
    pollSchedule: values.POLL_SCHEDULE,
    graphEndpoint: values.GRAPH_ENDPOINT,
    resource: values.GRAPH_RESOURCE,
    graphIdentity,
    storage,
    ...platform,
    rules: {
      propagationMinutes: values.PROPAGATION_MINUTES,
      lockoutAfterRuns: values.LOCKOUT_AFTER_RUNS,
      unverifiedAfterRuns: values.UNVERIFIED_AFTER_RUNS,
    },
    storeSubjects: values.STORE_SUBJECTS && RESOURCES[values.GRAPH_RESOURCE].subjectQuery !== null,
    retentionMonths: values.RETENTION_MONTHS,
    shardSize: values.SHARD_SIZE,
    pollConcurrency: values.POLL_CONCURRENCY,
    alerts,
    heartbeatUrl: values.HEARTBEAT_URL,
  };
}

function readFields(environment: Environment, faults: SettingFault[]): Partial<FieldValues> {
  const values: Record<string, unknown> = {};
  for (const [setting, schema] of Object.entries(FIELDS.shape)) {
    if (isUnresolved(environment[setting])) {
      faults.push(fault(setting, 'malformed', UNRESOLVED));
      continue;
    }
    const read = schema.safeParse(given(textOf(environment, setting), isList(setting)));
    if (read.success) values[setting] = read.data;
    for (const issue of read.error?.issues ?? []) {
      const kind = issue.code === 'custom' ? issue.params?.kind : 'malformed';
      faults.push(fault(setting, kind ?? 'malformed', issue.message));
    }
  }
  return values as Partial<FieldValues>;
}

function listFaults(allowed: readonly string[], denied: readonly string[], hasFile: boolean): SettingFault[] {
  const both = denied.filter((mailbox) => allowed.includes(mailbox));
  if (both.length > 0) {
    const text = `names ${both.map(quote).join(', ')}, and so does ALLOWED_MAILBOXES. Keep each in one of them.`;
    return [fault('DENIED_MAILBOXES', 'contradictory', text)];
  }
  if (allowed.length > 0 || hasFile) return [];
  const text =
    denied.length === 0
      ? 'is empty, and so is DENIED_MAILBOXES. List the mailboxes that the app may read, here or in MAILBOXES_FILE.'
      : 'is empty. List a mailbox that the app can read: without one, a refusal of a denied mailbox proves nothing.';
  return [fault('ALLOWED_MAILBOXES', 'missing', text)];
}

function readAlerts(values: Partial<FieldValues>, faults: readonly SettingFault[]): AlertSettings | undefined {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_FORMAT: format, ALERT_REMINDER_HOURS: reminderHours } = values;
  const { ALERT_WEBHOOK_SECRET: secret, PAUSE_ALERTS_UNTIL: pauseUntil } = values;
  if (faults.some(({ stops }) => stops === 'alerts') || !url || !format || reminderHours === undefined)
    return undefined;
  return { url, format, secret, reminderHours, pauseUntil };
}

/** Reads the storage account as the platform does: a connection string, or a name or addresses with an identity. */
function readStorage(
  values: Partial<FieldValues>,
  environment: Environment,
  faults: SettingFault[],
): StorageSettings | undefined {
  const { AzureWebJobsStorage: connection, AzureWebJobsStorage__accountName: account } = values;
  const listIsBlob = values.MAILBOXES_FILE?.kind === 'blob';
  if (connection) {
    const missing = connection.missing.filter((service) => service !== 'Blob' || listIsBlob).map(missingEndpoint);
    faults.push(...missing.map(({ kind, text }) => fault('AzureWebJobsStorage', kind, text)));
    return missing.length === 0 ? { kind: 'connection-string', value: connection.value } : undefined;
  }
  faults.push(...unknownParts(environment));
  if (faults.some(({ setting }) => setting.startsWith('AzureWebJobsStorage'))) return undefined;
  const serviceUri = (service: string) => account && `https://${account}.${service}.core.windows.net`;
  const tableServiceUri = values.AzureWebJobsStorage__tableServiceUri ?? serviceUri('table');
  const queueServiceUri = values.AzureWebJobsStorage__queueServiceUri ?? serviceUri('queue');
  if (!tableServiceUri && !queueServiceUri) {
    const text =
      'is missing. Set it to a connection string, or set AzureWebJobsStorage__accountName to use an identity.';
    faults.push(fault('AzureWebJobsStorage', 'missing', text));
  } else if (!tableServiceUri || !queueServiceUri) {
    const setting = `AzureWebJobsStorage__${tableServiceUri ? 'queue' : 'table'}ServiceUri`;
    faults.push(fault(setting, 'missing', 'is missing. Mailscope uses tables and queues, so set both addresses.'));
  } else {
    const { AzureWebJobsStorage__credential: credential, AzureWebJobsStorage__clientId: clientId } = values;
    const { AzureWebJobsStorage__managedIdentityResourceId: resourceId } = values;
    const blobServiceUri = values.AzureWebJobsStorage__blobServiceUri ?? serviceUri('blob');
    if (clientId && resourceId) {
      const text = 'and AzureWebJobsStorage__clientId are both set. Keep the one that names the identity.';
      faults.push(fault('AzureWebJobsStorage__managedIdentityResourceId', 'contradictory', text));
    }
    if (!listIsBlob || blobServiceUri) {
      return { kind: 'identity', tableServiceUri, queueServiceUri, blobServiceUri, credential, clientId, resourceId };
    }
    const text = 'is missing. MAILBOXES_FILE names a blob, so set the address of the blob service.';
    faults.push(fault('AzureWebJobsStorage__blobServiceUri', 'missing', text));
  }
  return undefined;
}

const CONNECTION_PARTS = Object.keys(FIELDS.shape).filter((setting) => setting.startsWith(CONNECTION_PREFIX));

/** Parts of an identity-based connection that Mailscope would ignore. They may name another identity than it uses. */
function unknownParts(environment: Environment): SettingFault[] {
  const unknown = Object.keys(environment).filter(
    (name) =>
      name.toLowerCase().startsWith(CONNECTION_PREFIX.toLowerCase()) &&
      given(environment[name]) !== undefined &&
      !CONNECTION_PARTS.some((known) => known.toLowerCase() === name.toLowerCase()),
  );
  const known = CONNECTION_PARTS.map((setting) => setting.slice(CONNECTION_PREFIX.length)).join(', ');
  return unknown.map((name) =>
    fault(name, 'malformed', `is not known to Mailscope. Remove it, or use one of ${known} after the two underscores.`),
  );
}

/** The platform reads the parts of a connection in any case. */
function textOf(environment: Environment, setting: string): string | undefined {
  const exact = environment[setting];
  if (exact !== undefined || !setting.startsWith(CONNECTION_PREFIX)) return exact;
  const name = Object.keys(environment).find((one) => one.toLowerCase() === setting.toLowerCase());
  return name === undefined ? undefined : environment[name];
}

function fault(setting: string, kind: FaultKind, text: string): SettingFault {
  return { setting, kind, message: `${setting} ${text}`, stops: stoppedBy(setting) };
}

function stoppedBy(setting: string): SettingFault['stops'] {
  if (setting === 'HEARTBEAT_URL') return 'heartbeat';
  return setting.startsWith('ALERT_') || setting === 'PAUSE_ALERTS_UNTIL' ? 'alerts' : 'everything';
}

function isList(setting: string): boolean {
  return setting === 'ALLOWED_MAILBOXES' || setting === 'DENIED_MAILBOXES';
}

/** @param exactly keeps a space that nobody sees, so that it can be named */
function given(value: string | undefined, exactly = false): string | undefined {
  return (exactly ? trimmed(value ?? '') : value?.trim()) || undefined;
}
