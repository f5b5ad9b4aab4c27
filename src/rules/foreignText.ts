// Cuts text that others wrote: subjects, codes and ids of Graph, roles of a token. Pure.
//
// Nobody promises a bound for such text, but a table does: 32,768 UTF-16 code units for a value, 1 MiB for a row and 4 MiB
// for a transaction of a hundred rows ("Understanding the Table service data model"). So every text is cut where it
// enters, and a test adds up the largest rows.
import { readsMailboxes } from './resources.ts';

/** The longest texts, in UTF-16 code units with the ellipsis. */
export const LONGEST = {
  subject: 1_000,
  /** A time as Graph writes it. */
  time: 40,
  /** Graph's `error.code`. */
  code: 100,
  /** A request id: a GUID is shorter. */
  id: 64,
  role: 80,
  /** A header that is only kept as evidence. */
  header: 1_000,
  /** A sentence of another library. */
  sentence: 500,
} as const;

/** A token may hold hundreds of roles. Those that read mailboxes count first. */
const MOST_ROLES = 100;

/** A character made of more code units than this is cut inside, between two code points. */
const LONGEST_CHARACTER = 64;

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The text, cut after a whole character and with an ellipsis if it is longer than `most` UTF-16 code units. */
export function cut(text: string, most: number): string {
  // A half of a surrogate pair cannot be written as UTF-8.
  if (text.length <= most) return text.toWellFormed();
  const head = text.slice(0, most + LONGEST_CHARACTER).toWellFormed();
  const room = most - 1;
  return `${head.slice(0, boundaryBefore(head, room))}…`;
}

/** The same for a word of a machine: a code, an id, a role. It is one line, so a control character is replaced. */
export function cutWord(text: string, most: number): string {
  return cut(text, most).replace(/\p{Cc}/gu, '\uFFFD');
}

/** The same for a word that may be missing. */
export function cutWordOrNull(text: string | null, most: number): string | null {
  return text === null ? null : cutWord(text, most);
}

/** The roles, each of them cut and each of them once, sorted. Roles that read mailboxes are kept first. */
export function fewRoles(roles: Iterable<string>): string[] {
  const all = [...new Set([...roles].map((role) => cutWord(role, LONGEST.role)))].sort();
  if (all.length <= MOST_ROLES) return all;
  const kept = [...all.filter(readsMailboxes), ...all.filter((role) => !readsMailboxes(role))];
  return kept.slice(0, MOST_ROLES).sort();
}

/** The last boundary of a character at or before `index`. */
function boundaryBefore(text: string, index: number): number {
  const start = characters.segment(text).containing(index)?.index ?? index;
  if (index - start <= LONGEST_CHARACTER) return start;
  const isLowSurrogate = /[\uDC00-\uDFFF]/.test(text.charAt(index));
  return isLowSurrogate ? index - 1 : index;
}
