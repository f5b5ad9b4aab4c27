// Reads query parameters, and refuses a bad one with the reason.
import { MailscopeError } from '../errors.ts';
import { parseMailbox } from '../rules/mailbox.ts';

const DEFAULT_TOP = 100;
const LARGEST_TOP = 1_000;

/** Reads the text of one query parameter; undefined where it is absent. Throws MailscopeError `parameter-invalid`. */
export type Read<T> = (text: string | undefined, name: string) => T;

/** A reader for each field of a question: a route takes exactly what its verb answers. */
export type Parameters<Question> = { readonly [Name in keyof Question]-?: Read<Question[Name]> };

/** One page of a list: how many, and where it goes on. */
export interface PageQuestion {
  readonly top: number;
  readonly after: string;
}

export const PAGE_PARAMETERS: Parameters<PageQuestion> = { top: readTop, after: readAfter };

/** The size of a page: 1 to 1000, or 100 without it. */
function readTop(text: string | undefined, name: string): number {
  if (text === undefined) return DEFAULT_TOP;
  const top = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return top >= 1 && top <= LARGEST_TOP ? top : refuse(name, text, `a whole number from 1 to ${LARGEST_TOP}`);
}

/** Where the list continues, from a `nextLink`. */
function readAfter(text: string | undefined, name: string): string {
  const after = Buffer.from(text ?? '', 'base64url').toString();
  return writeAfter(after) === (text ?? '') ? after : refuse(name, text ?? '', 'the value from a nextLink');
}

export function writeAfter(continuation: string): string {
  return Buffer.from(continuation).toString('base64url');
}

/** Any text. */
export const readText: Read<string | undefined> = (text) => text;

export function oneOf<const T extends string>(all: readonly T[]): Read<T | undefined> {
  return ifGiven((text, name) => all.find((one) => one === text) ?? refuse(name, text, `one of ${all.join(', ')}`));
}

export const readFlag: Read<boolean | undefined> = (text, name) => {
  const word = oneOf(['true', 'false'])(text, name);
  return word === undefined ? undefined : word === 'true';
};

/** A time in ISO 8601 with its zone, or a date, as UTC. */
export const readTime = ifGiven((text, name) => {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  return refuse(name, text, 'a time such as 2026-11-23T08:15:00Z, or a date');
});

export const readMailbox = ifGiven(
  (text, name) => parseMailbox(text) ?? refuse(name, text, 'a user principal name or a directory object id'),
);

/** The beginning of a mailbox's name. */
export const readPrefix: Read<string> = (text = '', name) => {
  const prefix = text.normalize('NFC').toLowerCase();
  if (prefix.length <= 320 && !/[/\p{Cc}]/u.test(prefix)) return prefix;
  return refuse(name, prefix.slice(0, 40), 'the beginning of a mailbox’s name');
};

function ifGiven<T>(read: (text: string, name: string) => T): Read<T | undefined> {
  return (text, name) => (text === undefined ? undefined : read(text, name));
}

function refuse(name: string, text: string, takes: string): never {
  throw new MailscopeError('parameter-invalid', `The query parameter ${name} is "${text}". Use ${takes}.`);
}
