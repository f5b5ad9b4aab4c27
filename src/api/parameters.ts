// Query parameters: how each is read, and how the description shows it.
import * as z from 'zod';
import { MailscopeError } from '../errors.ts';
import { parseMailbox } from '../rules/mailbox.ts';

/** Reads the text of one query parameter; undefined where it is absent. Throws MailscopeError `parameter-invalid`. */
export type Read<T> = (text: string | undefined, name: string) => T;

/** A query parameter of a route. */
export interface Parameter<T> {
  readonly read: Read<T>;
  /** What the text may be. */
  readonly schema: z.ZodType;
  readonly description: string;
}

/** A parameter for each field of a question: a route takes exactly what its verb answers. */
export type Parameters<Question> = { readonly [Name in keyof Question]-?: Parameter<Question[Name]> };

/** What a set of parameters reads. */
export type QuestionOf<Set> = { readonly [Name in keyof Set]: Set[Name] extends Parameter<infer T> ? T : never };

/** A whole number from 1 to `most`. */
export function readCount(text: string, name: string, most: number): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= most ? count : refuse(name, text, `a whole number from 1 to ${most}`);
}

/** The name of a scope. Whether there is one with it is for the scopes to say. */
export function scopeName(description: string): Parameter<string | undefined> {
  const read = ifGiven((value, name) => (isRepeated(value) ? refuse(name, value, 'the name of one scope') : value));
  return { read, schema: z.string(), description };
}

/** The host joins the values of a repeated parameter by a comma. No name of a scope or of a mailbox has one. */
function isRepeated(value: string): boolean {
  return value.includes(',');
}

/** One of some words. `schema` names them in the description. */
export function oneOf<const T extends string>(schema: z.ZodType & { readonly options: readonly T[] }, what: string) {
  const read = ifGiven((value, name) => {
    const all = schema.options;
    return all.find((one) => one === value) ?? refuse(name, value, `one of ${all.join(', ')}`);
  });
  return { read, schema, description: what } satisfies Parameter<T | undefined>;
}

export function flag(description: string): Parameter<boolean | undefined> {
  const words = oneOf(z.enum(['true', 'false']), description);
  return {
    ...words,
    schema: z.boolean(),
    read(value, name) {
      const word = words.read(value, name);
      return word === undefined ? undefined : word === 'true';
    },
  };
}

/** A time in ISO 8601 with its zone, or a date, as UTC. */
export function timeOrDate(description: string): Parameter<string | undefined> {
  const read = ifGiven((value, name) => {
    const [, date] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.exec(value) ?? [];
    const time = date !== undefined && isoTime(date)?.startsWith(date) ? isoTime(value) : null;
    // Only times with years of four digits compare as text.
    if (time && /^\d{4}-/.test(time)) return time;
    return refuse(name, value, 'a time such as 2026-11-23T08:15:00Z, or a date');
  });
  return { read, schema: z.string(), description: `${description} A time such as 2026-11-23T08:15:00Z, or a date.` };
}

/** The time that a text says, as UTC; null when it says none. The 30th of February becomes a day in March. */
function isoTime(text: string): string | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

export function mailboxName(description: string): Parameter<string | undefined> {
  const takes = 'a user principal name or a directory object id';
  return {
    read: ifGiven((value, name) => parseMailbox(value) ?? refuse(name, value, takes)),
    schema: z.string(),
    description,
  };
}

/** The beginning of a mailbox's name. */
export function namePrefix(description: string): Parameter<string> {
  return {
    read(value = '', name) {
      const prefix = value.normalize('NFC').toLowerCase();
      if (prefix.length <= 320 && !/[/\p{Cc}]/u.test(prefix) && !isRepeated(prefix)) return prefix;
      return refuse(name, prefix.slice(0, 40), 'the beginning of a mailbox’s name');
    },
    schema: z.string().max(320),
    description,
  };
}

function ifGiven<T>(read: (text: string, name: string) => T): Read<T | undefined> {
  return (value, name) => (value === undefined ? undefined : read(value, name));
}

/** @throws MailscopeError `parameter-invalid` */
export function refuse(name: string, value: string, takes: string): never {
  throw new MailscopeError('parameter-invalid', `The query parameter ${name} is "${value}". Use ${takes}.`);
}
