// Several scopes in one environment: which settings a scope has of its own, and which it takes from all.
//
// The settings of a scope are made into an environment as a deployment with that scope alone would have it. So whoever
// reads settings does not know that there are several.
import { DEFAULT_SCOPE, type FaultKind, FIELDS } from './fields.ts';
import { type Configuration, type Environment, readConfiguration, type SettingFault } from './settings.ts';

export { DEFAULT_SCOPE } from './fields.ts';

export interface ScopeConfiguration extends Configuration {
  readonly name: string;
  /** The environment of this scope alone. */
  readonly environment: Environment;
}

export interface ScopesConfiguration {
  /** Faults of settings that are for all scopes alike, or of a scope that is not listed. */
  readonly faults: readonly SettingFault[];
  /** At least one, in the order of `SCOPES`. */
  readonly scopes: readonly [ScopeConfiguration, ...ScopeConfiguration[]];
}

const LISTS = ['ALLOWED_MAILBOXES', 'DENIED_MAILBOXES', 'MAILBOXES_FILE'];
const FIELD_NAMES = Object.keys(FIELDS.shape);
const IDENTITY = FIELD_NAMES.filter(
  (name) => name.startsWith('AZURE_') || name === 'GRAPH_IDENTITY' || name === 'GRAPH_FEDERATION_CLIENT_ID',
);
/** A scope that has one setting of a group inherits none of it: half of another identity would be nobody's. */
const GROUPS = [LISTS, IDENTITY];

const FOR_ALL_ALIKE: ReadonlySet<string> = new Set([
  ...['SCOPES', 'POLL_SCHEDULE', 'POLL_CONCURRENCY', 'SHARD_SIZE', 'API_AUTH', 'OWNER', 'PUBLIC_URL'],
  ...FIELD_NAMES.filter((name) => name.startsWith('AzureWebJobsStorage')),
]);

/** The settings that a scope can have of its own. */
export const SCOPE_SETTINGS: readonly string[] = FIELD_NAMES.filter((name) => !FOR_ALL_ALIKE.has(name));
const KNOWN: ReadonlySet<string> = new Set([...FIELD_NAMES, ...FOR_ALL_ALIKE]);

/** The platform repeats settings under these prefixes ("App settings and connection strings"). */
const COPIES = /^(APPSETTING|[A-Z]+CONNSTR)_/i;

/** Changes the environment of a scope before it is read. */
export type Adapt = (alone: Environment) => Environment;

/** Reads and checks the settings of every scope. Never throws. */
export function readScopes(environment: Environment, adapt: Adapt = (alone) => alone): ScopesConfiguration {
  const strays = straysIn(environment);
  // The fault of a bad list is among those of the one scope.
  const [first = DEFAULT_SCOPE, ...others] = listedIn(environment) ?? [];
  const read = (name: string) => readScope(environment, name, strays, adapt);
  const scopes = [read(first), ...others.map(read)] as const;
  const isOfAll = (fault: SettingFault) =>
    scopes.every(({ faults }) => faults.some(({ message }) => message === fault.message));
  const general = scopes[0].faults.filter((fault) => !isOfScope(fault.setting) && isOfAll(fault));
  return { faults: [...general, ...strays.flatMap(({ scope, fault }) => (scope === null ? [fault] : []))], scopes };
}

/** What to do about the name of a scope that there is not. A sentence. */
export function whichScopes(names: readonly string[]): string {
  return names.length === 1 ? `The only one is "${names[0]}".` : `Use one of ${names.join(', ')}.`;
}

/** A setting's own name: `GRAPH_IDENTITY` for `crm__GRAPH_IDENTITY`. */
export function plainName(written: string): string {
  const setting = written.slice(written.indexOf('__') + 2);
  return SCOPE_SETTINGS.includes(setting) ? setting : written;
}

/** The environment without what looks like a setting of a scope and is none. */
export function withoutStrays(environment: Environment): Environment {
  const strays = new Set(straysIn(environment).map(({ fault }) => fault.setting));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !strays.has(name)));
}

function isOfScope(setting: string): boolean {
  return SCOPE_SETTINGS.includes(setting) || (setting.includes('__') && !/^AzureWebJobsStorage__/i.test(setting));
}

function readScope(environment: Environment, name: string, strays: readonly Stray[], adapt: Adapt): ScopeConfiguration {
  const own = ownSettings(environment, name);
  const written = (setting: string) => (own.has(setting) ? `${name}__${setting}` : setting);
  const alone = adapt(environmentOf(environment, name, own));
  const { settings, faults } = readConfiguration(alone, written);
  const mine = strays.filter(({ scope }) => scope === name).map(({ fault }) => fault);
  return { name, environment: alone, settings: mine.length > 0 ? undefined : settings, faults: [...faults, ...mine] };
}

/** The settings that the scope does not inherit: those under its name, and the rest of their groups. */
function ownSettings(environment: Environment, name: string): ReadonlySet<string> {
  const named = SCOPE_SETTINGS.filter((setting) => environment[`${name}__${setting}`] !== undefined);
  return new Set([...named, ...GROUPS.filter((group) => group.some((one) => named.includes(one))).flat()]);
}

function environmentOf(environment: Environment, name: string, own: ReadonlySet<string>): Environment {
  const alone: Record<string, string | undefined> = { ...environment };
  for (const setting of own) alone[setting] = environment[`${name}__${setting}`];
  // Whoever turns a scope's webhook off means its secret too.
  const hasNoWebhook = own.has('ALERT_WEBHOOK_URL') && !alone.ALERT_WEBHOOK_URL?.trim();
  if (hasNoWebhook && !own.has('ALERT_WEBHOOK_SECRET')) delete alone.ALERT_WEBHOOK_SECRET;
  return alone;
}

/** A setting that looks like one of a scope, and is not read. */
interface Stray {
  /** The scope that it stops; null when it names no listed one. */
  readonly scope: string | null;
  readonly fault: SettingFault;
}

function listedIn({ SCOPES }: Environment): readonly string[] | undefined {
  return FIELDS.shape.SCOPES.safeParse(SCOPES?.trim() || undefined).data;
}

function straysIn(environment: Environment): Stray[] {
  const names = listedIn(environment);
  // Without a list nobody knows which settings belong to it.
  if (!names) return [];
  return Object.entries(environment).flatMap(([variable, value]) => {
    const at = variable.indexOf('__');
    if (at <= 0 || value === undefined || COPIES.test(variable)) return [];
    const [name, setting] = [variable.slice(0, at), variable.slice(at + 2)];
    const isListed = names.includes(name);
    if (isListed && SCOPE_SETTINGS.includes(setting)) return [];
    if (!isListed && !(KNOWN.has(setting) && value.trim() !== '')) return [];
    const alike = names.find((one) => one === name.toLowerCase()) ?? null;
    const [kind, text] = isListed ? notForScopes(setting) : unlisted(name, setting, alike);
    return [{ scope: alike, fault: { setting: variable, kind, message: `${variable} ${text}`, stops: 'everything' } }];
  });
}

function notForScopes(setting: string): [FaultKind, string] {
  if (FOR_ALL_ALIKE.has(setting)) return ['contradictory', `is for all scopes alike. Set ${setting} in its place.`];
  return ['malformed', `is no setting of a scope. Remove it, or use one of ${SCOPE_SETTINGS.join(', ')}.`];
}

function unlisted(name: string, setting: string, alike: string | null): [FaultKind, string] {
  if (alike !== null) return ['malformed', `is not read, because SCOPES has "${alike}". Name it ${alike}__${setting}.`];
  return ['contradictory', `belongs to no scope: SCOPES does not list "${name}". Add it there, or remove the setting.`];
}
