// Reads query parameters, and refuses a bad one with the reason.
import { MailscopeError } from '../errors.ts';
import { parseMailbox } from '../rules/mailbox.ts';

const DEFAULT_TOP = 100;
const LARGEST_TOP = 1_000;

/** The size of a page: `top`, 1 to 1000, or 100 without it. */
export function readTop(query: URLSearchParams): number {
  const text = query.get('top');
  if (text === null) return DEFAULT_TOP;
  const top = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return top >= 1 && top <= LARGEST_TOP ? top : refuse('top', text, `a whole number from 1 to ${LARGEST_TOP}`);
}

/** Where the list continues: `after`, from a `nextLink`. */
export function readAfter(query: URLSearchParams): string {
  const text = query.get('after') ?? '';
  const after = Buffer.from(text, 'base64url').toString();
  return writeAfter(after) === text ? after : refuse('after', text, 'the value from a nextLink');
}

export function writeAfter(continuation: string): string {
  return Buffer.from(continuation).toString('base64url');
}

export function readChoice<const T extends string>(
  query: URLSearchParams,
  name: string,
  all: readonly T[],
): T | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return all.find((one) => one === text) ?? refuse(name, text, `one of ${all.join(', ')}`);
}

/** A time in ISO 8601 with its zone, or a date, as UTC. */
export function readTime(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  return refuse(name, text, 'a time such as 2026-11-23T08:15:00Z, or a date');
}

export function readMailbox(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return parseMailbox(text) ?? refuse(name, text, 'a user principal name or a directory object id');
}

/** The beginning of a mailbox's name. */
export function readPrefix(query: URLSearchParams, name: string): string {
  const text = (query.get(name) ?? '').normalize('NFC').toLowerCase();
  return text.length <= 320 && !/[/\p{Cc}]/u.test(text)
    ? text
    : refuse(name, text.slice(0, 40), 'the beginning of a mailbox’s name');
}

function refuse(name: string, text: string, takes: string): never {
  throw new MailscopeError('parameter-invalid', `The query parameter ${name} is "${text}". Use ${takes}.`);
}
