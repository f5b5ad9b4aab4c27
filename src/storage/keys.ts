// Turns mailboxes and run numbers into keys of table rows.
import { createHash } from 'node:crypto';

/** The partitions of all rows that belong to a mailbox. */
export const PARTITIONS: readonly string[] = [...'0123456789abcdef'];

/** First hex digit of SHA-256(mailbox). */
export function partitionOf(mailbox: string): string {
  return createHash('sha256').update(mailbox).digest('hex').charAt(0);
}

// Tables refuse / \ # ? and control characters in a key. Our own keys use * ~ :, and some clients read % as an escape.
const SPECIAL = /[/\\#?%*~:\p{Cc}]/gu;

/** The mailbox as part of a key: a special character becomes `*XX` (UTF-8, hex). */
export function encodeKey(mailbox: string): string {
  return mailbox.replace(SPECIAL, (character) =>
    [...Buffer.from(character)].map((byte) => `*${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Reverses `encodeKey`. */
export function decodeKey(key: string): string {
  return key.replace(/(?:\*[0-9A-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('*', ''), 'hex').toString());
}

const LARGEST_NUMBER = 9_999_999_999;

/** A run's number as text that sorts newer runs first. */
export function invertedNumber(number: number): string {
  return String(LARGEST_NUMBER - number).padStart(10, '0');
}

/** The keys of a row in the mailbox tables. */
export interface Position {
  readonly partition: string;
  readonly row: string;
}

export const STATE_PREFIX = 'mailbox:';
export const DRIFT_PREFIX = 'drift:';

export function statePosition(mailbox: string): Position {
  return { partition: partitionOf(mailbox), row: STATE_PREFIX + encodeKey(mailbox) };
}

export function driftRow(openedRun: number, mailbox: string): string {
  return `${DRIFT_PREFIX}${invertedNumber(openedRun)}~${encodeKey(mailbox)}`;
}

export function observationRow(mailbox: string, runNumber: number): string {
  return `${encodeKey(mailbox)}~${invertedNumber(runNumber)}`;
}

/** The smallest text that sorts after every text with this prefix. */
export function afterPrefix(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

/** Compares by (partition, row) as tables sort: by UTF-16 code units. */
export function comparePositions(a: Position, b: Position): number {
  if (a.partition !== b.partition) return a.partition < b.partition ? -1 : 1;
  return a.row < b.row ? -1 : Number(a.row > b.row);
}
