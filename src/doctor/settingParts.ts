// Groups the settings into parts, so that a fault in one part does not stop the checks of the others. Pure.
import { type Adapt, plainName } from '../settings/scopes.ts';
import { type Environment, readConfiguration, type SettingFault } from '../settings/settings.ts';

/** A part of the settings that a check may need. */
export type Part = 'mailboxes' | 'storage' | 'graph' | 'identity' | 'schedule' | 'alerts' | 'heartbeat';

interface PartSettings {
  readonly settings: RegExp;
  /** A placeholder that keeps the settings valid. No check reads it. */
  readonly standIn: Environment;
}

const PARTS: Readonly<Record<Part, PartSettings>> = {
  mailboxes: {
    settings: /^(ALLOWED_MAILBOXES|DENIED_MAILBOXES|MAILBOXES_FILE)$/,
    standIn: { ALLOWED_MAILBOXES: 'nobody@mailscope.invalid' },
  },
  storage: { settings: /^AzureWebJobsStorage/i, standIn: { AzureWebJobsStorage: 'UseDevelopmentStorage=true' } },
  graph: { settings: /^GRAPH_ENDPOINT$/, standIn: {} },
  identity: { settings: /^(GRAPH_IDENTITY|GRAPH_FEDERATION_CLIENT_ID|AZURE_\w+)$/, standIn: {} },
  schedule: { settings: /^POLL_SCHEDULE$/, standIn: {} },
  alerts: { settings: /^(ALERT_\w+|PAUSE_ALERTS_UNTIL)$/, standIn: {} },
  heartbeat: { settings: /^HEARTBEAT_URL$/, standIn: {} },
};
const NAMES = Object.keys(PARTS) as readonly Part[];

/** The wrong parts, each with one of its wrong settings as it is written. */
export type FaultyParts = ReadonlyMap<Part, string>;

/** @param environment that of the scope alone */
export function faultyParts(environment: Environment, faults: readonly SettingFault[]): FaultyParts {
  const faulty = new Map<Part, string>();
  for (const { setting } of faults) {
    const part = partOf(plainName(setting));
    if (part && !faulty.has(part)) faulty.set(part, setting);
  }
  // A token needs Graph's endpoint, and a list may be in storage.
  const [endpoint, storage] = [faulty.get('graph'), faulty.get('storage')];
  if (endpoint !== undefined && !faulty.has('identity')) faulty.set('identity', endpoint);
  const isInBlob = environment.MAILBOXES_FILE?.trim().startsWith('blob:') ?? false;
  if (storage !== undefined && isInBlob && !faulty.has('mailboxes')) faulty.set('mailboxes', storage);
  return faulty;
}

/** The environment of a scope alone, with placeholders for its faulty parts, so that it can be read. */
export const withStandIns: Adapt = (environment) => {
  // Here each setting has its plain name.
  const { faults } = readConfiguration(environment);
  const faulty = faultyParts(environment, faults);
  const bad = new Set(faults.map(({ setting }) => setting));
  const isGood = (name: string) => !bad.has(name) && !faulty.has(partOf(name) as Part);
  const kept = Object.entries(environment).filter(([name]) => isGood(name));
  return Object.assign(Object.fromEntries(kept), ...[...faulty.keys()].map((part) => PARTS[part].standIn));
};

function partOf(setting: string): Part | undefined {
  return NAMES.find((part) => PARTS[part].settings.test(setting));
}
