// The list of mailboxes, sorted as the table sorts, cut into shards.
import { createHash } from 'node:crypto';
import { EXPECTATIONS, type Expectation } from '../rules/mailbox.ts';
import {
  comparePositions,
  decodeKey,
  encodeKey,
  PARTITIONS,
  type Position,
  partitionOf,
  STATE_PREFIX,
  statePosition,
} from './keys.ts';
import type { Range } from './mailboxStore.ts';

export interface ListedMailbox {
  readonly mailbox: string;
  readonly expectation: Expectation;
}

/** A shard owns its whole range of keys, up to where the next begins: mailboxes no longer listed included. */
export class PlannedShard {
  readonly index: number;
  readonly range: Range;
  // A hundred thousand objects would be the largest thing in memory.
  readonly #names: Readonly<Record<Expectation, string>>;

  constructor(index: number, range: Range, mailboxes: readonly ListedMailbox[]) {
    this.index = index;
    this.range = range;
    const names = (wanted: Expectation) =>
      mailboxes.filter(({ expectation }) => expectation === wanted).map(({ mailbox }) => mailbox);
    this.#names = { allowed: names('allowed').join('\n'), denied: names('denied').join('\n') };
  }

  /** Those that are listed so, in the order of the keys; made anew with each call. */
  listed(as: Expectation): string[] {
    return this.#names[as] === '' ? [] : this.#names[as].split('\n');
  }

  /** What is declared of each of its mailboxes, made anew with each call. */
  expectations(): Map<string, Expectation> {
    return new Map(EXPECTATIONS.flatMap((as) => this.listed(as).map((mailbox) => [mailbox, as] as const)));
  }
}

/** The list of mailboxes, cut into shards. */
export class Plan {
  /** Tells lists apart: of what is listed, as what, and how it is cut. */
  readonly hash: string;
  /** How many are listed. */
  readonly mailboxes: number;
  readonly shards: readonly PlannedShard[];

  constructor(hash: string, mailboxes: number, shards: readonly PlannedShard[]) {
    this.hash = hash;
    this.mailboxes = mailboxes;
    this.shards = shards;
  }

  /** What is declared of a mailbox; undefined when it is not listed. */
  expectationOf(mailbox: string): Expectation | undefined {
    const position = statePosition(mailbox);
    const shard = this.shards.findLast(({ range }) => comparePositions(range.from, position) <= 0);
    return EXPECTATIONS.find((as) => shard?.listed(as).includes(mailbox));
  }
}

const START: Position = { partition: PARTITIONS[0] ?? '', row: STATE_PREFIX };

export function planShards(listed: ReadonlyMap<string, Expectation>, shardSize: number): Plan {
  const sorted = sortedAsKeys(listed.keys());
  const hash = createHash('sha256').update(String(shardSize));
  const shards: PlannedShard[] = [];
  let from = START;
  for (let first = 0; first < sorted.length; first += shardSize) {
    // Every name is a key of the list.
    const own = sorted
      .slice(first, first + shardSize)
      .map((mailbox) => ({ mailbox, expectation: listed.get(mailbox) as Expectation }));
    for (const { mailbox, expectation } of own) hash.update(`\n${mailbox} ${expectation}`);
    const next = sorted[first + shardSize];
    const to = next === undefined ? null : statePosition(next);
    shards.push(new PlannedShard(shards.length, { from, to }, own));
    if (to) from = to;
  }
  return new Plan(hash.digest('hex'), sorted.length, shards);
}

/** In the order of their rows. Texts alone are sorted: few names differ from their key, so most cost nothing more. */
function sortedAsKeys(mailboxes: Iterable<string>): string[] {
  const keys = new Map<string, string[]>(PARTITIONS.map((partition) => [partition, []]));
  for (const mailbox of mailboxes) keys.get(partitionOf(mailbox))?.push(encodeKey(mailbox));
  return [...keys.values()].flatMap((one) => one.sort().map(decodeKey));
}

const BORROWED = 5;

/**
 * Allowed mailboxes of other shards that may serve as a control. Their order follows from run and shard, so that a shard done
 * again borrows the same, and no mailbox serves every shard.
 */
export function borrowControls(plan: Plan, runId: string, shard: number): string[] {
  const others = plan.shards.filter(({ index }) => index !== shard);
  const seed = createHash('sha256').update(`${runId}/${shard}`).digest().readUInt32BE(0);
  const found: string[] = [];
  for (let step = 0; step < others.length && found.length < BORROWED; step += 1) {
    const allowed = others[(seed + step) % others.length]?.listed('allowed') ?? [];
    for (let index = 0; index < allowed.length && found.length < BORROWED; index += 1) {
      const one = allowed[(seed + index) % allowed.length];
      if (one !== undefined) found.push(one);
    }
  }
  return found;
}
