// The fields of the settings: each reads the text of one setting, or says what is wrong and how to fix it.
import { inspect } from 'node:util';
import * as z from 'zod';
import { visible } from '../rules/characters.ts';
import { characterFault, parseMailbox, shownName } from '../rules/mailbox.ts';
import { RESOURCE_NAMES } from '../rules/resources.ts';
import { isMetadataService, isWrittenLoopback } from './addresses.ts';
import { readConnectionString, type StorageService } from './connectionString.ts';
import { parseSchedule } from './schedule.ts';

export const DEFAULT_POLL_SCHEDULE = '0 */15 * * * *';

/** The formats of an alert; `src/alerts/formats/` writes each. */
export const ALERT_FORMATS = ['cloudevents', 'teams', 'slack'] as const;
export type AlertFormat = (typeof ALERT_FORMATS)[number];

/** What is wrong with a setting, in a word that is safe to show to anybody. */
export type FaultKind = 'missing' | 'malformed' | 'out-of-range' | 'contradictory';

/** Where the list of mailboxes is: a file, or a blob in the app's storage account. */
export type ListFile =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'blob'; readonly container: string; readonly name: string };

/** A value that never prints: not by `String`, JSON or `console.log`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [inspect.custom](): string {
    return '[secret]';
  }
}

export function quote(value: string): string {
  return `"${visible(value)}"`;
}

function issue(context: z.RefinementCtx, kind: FaultKind, message: string): never {
  context.addIssue({ code: 'custom', message, params: { kind } });
  return z.NEVER;
}

function optional<T>(read: (text: string, context: z.RefinementCtx) => T) {
  return z
    .string()
    .optional()
    .transform((text, context) => (text === undefined ? undefined : read(text, context)));
}

function withDefault<T>(fallback: T, read: (text: string, context: z.RefinementCtx) => T) {
  return optional(read).transform((value) => value ?? fallback);
}

function mailboxes() {
  return withDefault<readonly string[]>([], (text, context) => {
    // Only what a person types between two names: a space that nobody sees is a part of the name, and a fault.
    const names = text.split(/[ \t\r\n\f\v,;]+/).filter((name) => name !== '');
    const bad = names.filter((name) => parseMailbox(name) === null);
    if (bad.length > 0) {
      const more = bad.length > 20 ? ` and ${bad.length - 20} more` : '';
      const shown = bad.slice(0, 20).map((name) => badName(name, text));
      return issue(context, 'malformed', `names ${shown.join(', ')}${more}. ${adviceFor(bad)}.`);
    }
    return [...new Set(names.map((name) => parseMailbox(name) ?? name))];
  });
}

/** A bad name, with its line if the setting has several. */
function badName(name: string, setting: string): string {
  if (!/[\r\n]/.test(setting)) return shownName(name);
  const line = setting.slice(0, setting.indexOf(name)).split(/\r\n|\r|\n/).length;
  return `${shownName(name)} in line ${line}`;
}

function adviceFor(bad: readonly string[]): string {
  const [first, ...others] = new Set(bad.flatMap((name) => characterFault(name) ?? []));
  const usual = 'Use a user principal name (with one @ and no /) or a directory object id';
  if (first === undefined) return usual;
  return [first, ...others].join('. ');
}

function wholeNumber(fallback: number, min: number, max: number) {
  return withDefault(fallback, (text, context) => {
    if (!/^-?\d{1,9}$/.test(text)) return issue(context, 'malformed', `is ${quote(text)}. Use a whole number.`);
    const value = Number(text);
    if (value >= min && value <= max) return value;
    return issue(context, 'out-of-range', `is ${text}. Use a whole number from ${min} to ${max}.`);
  });
}

function choice<const T extends string>(fallback: T, all: readonly T[]) {
  return withDefault(fallback, (text, context) => {
    // Azure's own pages write True as often as true.
    const found = all.find((one) => one === text.toLowerCase());
    return found ?? issue(context, 'malformed', `is ${quote(text)}. Use one of ${all.join(', ')}.`);
  });
}

/** An https address, or plain http on this machine. A webhook's address is a secret, so no error text repeats it. */
function address(origin: boolean, example = 'https://graph.microsoft.com') {
  return (text: string, context: z.RefinementCtx) => {
    const url = URL.parse(text);
    if (!url || (url.protocol !== 'https:' && !isWrittenLoopback(text))) {
      return issue(context, 'malformed', 'is not an https address. Use https, or plain http on this machine.');
    }
    if (!origin) return url.href;
    if (url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password) return url.origin;
    return issue(context, 'malformed', `must be a scheme and a host without a path, such as ${example}.`);
  };
}

/** The address of a receiver: everybody who has it may call it, so it is a secret. */
function receiver(text: string, context: z.RefinementCtx): Secret {
  const url = address(false)(text, context);
  if (!isMetadataService(URL.parse(url)?.hostname ?? '')) return new Secret(url);
  const why = 'names a metadata service or a link-local address, which the app must not call';
  return issue(context, 'malformed', `${why}. Use the address of the receiver.`);
}

const text = optional((value) => value);
const secret = optional((value) => new Secret(value));

/** The scope that exists without `SCOPES`. Its tables have no prefix. */
export const DEFAULT_SCOPE = 'default';
const LARGEST_SCOPES = 50;

function scopeNames(text: string, context: z.RefinementCtx): readonly string[] {
  const names = text.split(/[\s,;]+/).filter((name) => name !== '');
  const bad = names.filter((name) => !/^[a-z][a-z0-9]{0,15}$/.test(name));
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (bad.length > 0) {
    const shown = bad.slice(0, 5).map((name) => quote(name.slice(0, 40)));
    const text = `names ${shown.join(', ')}. Use small letters and digits, a letter first, at most 16 in a name.`;
    return issue(context, 'malformed', text);
  }
  if (twice.length > 0)
    return issue(context, 'contradictory', `names ${quote(twice[0] ?? '')} twice. Keep one of them.`);
  if (names.length <= LARGEST_SCOPES && names.length > 0) return names;
  return issue(context, 'out-of-range', `names ${names.length} scopes. Use from 1 to ${LARGEST_SCOPES}.`);
}

export const FIELDS = z.object({
  SCOPES: withDefault<readonly string[]>([DEFAULT_SCOPE], scopeNames),
  ALLOWED_MAILBOXES: mailboxes(),
  DENIED_MAILBOXES: mailboxes(),
  MAILBOXES_FILE: optional((value, context): ListFile => {
    if (!value.startsWith('blob:')) return { kind: 'path', path: value };
    const [, container, name] = /^blob:([a-z0-9-]{3,63})\/(.+)$/.exec(value) ?? [];
    if (container !== undefined && name !== undefined) return { kind: 'blob', container, name };
    return issue(context, 'malformed', `is ${quote(value)}. Write a blob as blob:<container>/<name>.`);
  }),
  POLL_SCHEDULE: withDefault(DEFAULT_POLL_SCHEDULE, (value, context) => {
    try {
      parseSchedule(value);
      return value;
    } catch (error) {
      // parseSchedule throws only Errors, and their message names the bad field.
      const why = (error as Error).message;
      return issue(context, 'malformed', `is ${quote(value)}: ${why}. Use NCRONTAB, such as ${DEFAULT_POLL_SCHEDULE}.`);
    }
  }),
  GRAPH_ENDPOINT: withDefault('https://graph.microsoft.com', address(true)),
  GRAPH_RESOURCE: choice('mail', RESOURCE_NAMES),
  GRAPH_IDENTITY: choice('managed-identity', ['managed-identity', 'app-registration', 'federated', 'developer']),
  AZURE_CLIENT_ID: text,
  AZURE_TENANT_ID: text,
  AZURE_AUTHORITY_HOST: optional(address(true)),
  AZURE_CLIENT_SECRET: secret,
  AZURE_CLIENT_CERTIFICATE_PATH: text,
  AZURE_CLIENT_CERTIFICATE_PASSWORD: secret,
  GRAPH_FEDERATION_CLIENT_ID: text,
  AzureWebJobsStorage: optional((value, context): { value: Secret; missing: readonly StorageService[] } => {
    const read = readConnectionString(value);
    if ('text' in read) return issue(context, read.kind, read.text);
    return { value: new Secret(read.value), missing: read.missing };
  }),
  AzureWebJobsStorage__accountName: optional((value, context) =>
    /^[a-z0-9]{3,24}$/.test(value)
      ? value
      : issue(context, 'malformed', `is ${quote(value)}. Use the name of a storage account.`),
  ),
  AzureWebJobsStorage__tableServiceUri: optional(address(false)),
  AzureWebJobsStorage__queueServiceUri: optional(address(false)),
  AzureWebJobsStorage__blobServiceUri: optional(address(false)),
  AzureWebJobsStorage__credential: optional((value, context) =>
    value.toLowerCase() === 'managedidentity'
      ? 'managedidentity'
      : issue(context, 'malformed', `is ${quote(value)}. Use managedidentity, or remove the setting.`),
  ),
  AzureWebJobsStorage__clientId: text,
  AzureWebJobsStorage__managedIdentityResourceId: optional((value, context) =>
    /^\/subscriptions\/.+\/userAssignedIdentities\/[^/]+$/i.test(value)
      ? value
      : issue(
          context,
          'malformed',
          'is not the resource id of a user-assigned identity. Use /subscriptions/…/userAssignedIdentities/NAME.',
        ),
  ),
  PROPAGATION_MINUTES: wholeNumber(120, 0, 10_080),
  LOCKOUT_AFTER_RUNS: wholeNumber(2, 1, 1_000),
  UNVERIFIED_AFTER_RUNS: wholeNumber(3, 1, 1_000),
  STORE_SUBJECTS: choice('true', ['true', 'false']).transform((value) => value === 'true'),
  RETENTION_MONTHS: wholeNumber(13, 1, 1_200),
  SHARD_SIZE: wholeNumber(500, 1, 5_000),
  POLL_CONCURRENCY: wholeNumber(16, 1, 256),
  ALERT_WEBHOOK_URL: optional(receiver),
  ALERT_WEBHOOK_FORMAT: choice('cloudevents', ALERT_FORMATS),
  ALERT_WEBHOOK_SECRET: optional((value, context) =>
    /^(whsec_)?[A-Za-z0-9+/]{8,}={0,2}$/.test(value)
      ? new Secret(value)
      : issue(context, 'malformed', 'is not a Standard Webhooks secret. Use whsec_ followed by base64.'),
  ),
  ALERT_REMINDER_HOURS: wholeNumber(24, 0, 8_760),
  PAUSE_ALERTS_UNTIL: optional((value, context) => {
    const read = z.iso.datetime({ offset: true }).safeParse(value);
    if (read.success) return new Date(read.data);
    return issue(context, 'malformed', `is ${quote(value)}. Use a time such as 2026-12-24T18:00:00Z.`);
  }),
  HEARTBEAT_URL: optional(receiver),
  PUBLIC_URL: optional(address(true, 'https://mailscope.contoso.example')),
});

export type FieldValues = z.output<typeof FIELDS>;
