// The application settings: read once, checked as a whole, with every fault named in one answer.

import type { Expectation } from '../rules/mailbox.ts';
import { RESOURCES, type ResourceName } from '../rules/resources.ts';
import { type ApiAuth, registeredApiAuth } from './apiAuth.ts';
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
import { given } from './given.ts';
import { type GraphIdentity, type ReportFault, readIdentity } from './identity.ts';
import { ownerOf } from './owner.ts';
import { checkPlatform, isUnresolved, UNRESOLVED } from './platformFaults.ts';
import { connectionText, readStorage, type StorageSettings } from './storageSettings.ts';

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
export type { StorageSettings } from './storageSettings.ts';

/** Environment variables, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

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
  /** The name under which MAILBOXES_FILE stands: that of a scope, or the general one. */
  readonly listSetting: string;
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
  /** The origin under which people reach the app: `https://mailscope.contoso.example`. */
  readonly publicUrl: string | undefined;
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

/** The schedule to register. A bad one becomes the default: the host does not index a timer it cannot read. */
export function registeredPollSchedule(environment: Environment = process.env): string {
  const read = FIELDS.shape.POLL_SCHEDULE.safeParse(given(environment.POLL_SCHEDULE));
  return read.success ? read.data : DEFAULT_POLL_SCHEDULE;
}

/** Reads and checks the settings. Never throws. An empty setting counts as not set. */
export function readConfiguration(environment: Environment, written: Written = (setting) => setting): Configuration {
  const { settings, faults } = readPlain(environment, written);
  return { settings, faults: faults.map((fault) => asWritten(fault, written)) };
}

/** The name under which a setting stands in the environment of the process. */
type Written = (setting: string) => string;

/** A text may name several settings. */
function asWritten(fault: SettingFault, written: Written): SettingFault {
  const message = fault.message.replace(/\b[A-Z][A-Z0-9_]+\b/g, written);
  return { ...fault, setting: written(fault.setting), message };
}

function readPlain(environment: Environment, written: Written): Configuration {
  const faults: SettingFault[] = [];
  const values = readFields(environment, faults);
  const { ALLOWED_MAILBOXES: allowed, DENIED_MAILBOXES: denied } = values;
  if (allowed && denied) faults.push(...listFaults(allowed, denied, values.MAILBOXES_FILE !== undefined));
  // A setting that could not be read is not missing too.
  const report: ReportFault = (setting, kind, text) => {
    if (!faults.some((one) => one.setting === setting)) faults.push(fault(setting, kind, text));
  };
  const identity = readIdentity(values, report);
  const storage = readStorage(values, environment, (...one) => faults.push(fault(...one)));
  if (values.ALERT_WEBHOOK_SECRET && !given(environment.ALERT_WEBHOOK_URL)) {
    faults.push(
      fault('ALERT_WEBHOOK_SECRET', 'contradictory', 'is set, but ALERT_WEBHOOK_URL is not. Set both or neither.'),
    );
  }
  checkPlatform(environment, report);
  if (faults.some((one) => one.stops === 'everything')) return { settings: undefined, faults };
  // No fault stops everything, so each of these fields was read.
  const settings = assemble(
    written,
    values as FieldValues,
    identity as GraphIdentity,
    storage as StorageSettings,
    { apiAuth: registeredApiAuth(environment), owner: ownerOf(environment) },
    readAlerts(values, faults),
  );
  return { settings, faults };
}

function assemble(
  written: Written,
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
    listSetting: written('MAILBOXES_FILE'),
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
    publicUrl: values.PUBLIC_URL,
  };
}

function readFields(environment: Environment, faults: SettingFault[]): Partial<FieldValues> {
  const values: Record<string, unknown> = {};
  for (const [setting, schema] of Object.entries(FIELDS.shape)) {
    if (isUnresolved(environment[setting])) {
      faults.push(fault(setting, 'malformed', UNRESOLVED));
      continue;
    }
    const read = schema.safeParse(given(connectionText(environment, setting), isList(setting)));
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
