// Sorts the list of mailboxes as the table does, and cuts it into shards.
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

/** A shard owns all keys up to the next shard, also those of mailboxes that are no longer listed. */
export class PlannedShard {
  readonly index: number;
  readonly range: Range;
  // Names as text, because a hundred thousand objects would fill most of the memory.
  readonly #names: Readonly<Record<Expectation, string>>;
  readonly #counts: Readonly<Record<Expectation, number>>;

  constructor(index: number, range: Range, mailboxes: readonly ListedMailbox[]) {
    this.index = index;
    this.range = range;
    const names = (wanted: Expectation) =>
      mailboxes.filter(({ expectation }) => expectation === wanted).map(({ mailbox }) => mailbox);
    const [allowed, denied] = [names('allowed'), names('denied')];
    this.#names = { allowed: allowed.join('\n'), denied: denied.join('\n') };
    this.#counts = { allowed: allowed.length, denied: denied.length };
  }

  /** The mailboxes with this expectation, in the order of their keys. Each call makes a new array. */
  listed(as: Expectation): string[] {
    return this.#names[as] === '' ? [] : this.#names[as].split('\n');
  }

  /** How many mailboxes have this expectation. */
  count(as: Expectation): number {
    return this.#counts[as];
  }

  /** The expectation of each mailbox. Each call makes a new map. */
  expectations(): Map<string, Expectation> {
    return new Map(EXPECTATIONS.flatMap((as) => this.listed(as).map((mailbox) => [mailbox, as] as const)));
  }
}

/** The list of mailboxes, cut into shards. */
export class Plan {
  /** Differs when the mailboxes, their expectations or the shard size differ. */
  readonly hash: string;
  /** How many are listed. */
  readonly mailboxes: number;
  readonly shards: readonly PlannedShard[];

  constructor(hash: string, mailboxes: number, shards: readonly PlannedShard[]) {
    this.hash = hash;
    this.mailboxes = mailboxes;
    this.shards = shards;
  }

  /** How many mailboxes have this expectation. */
  count(as: Expectation): number {
    return this.shards.reduce((sum, shard) => sum + shard.count(as), 0);
  }

  /**
   * The first mailboxes in alphabetical order that begin with a prefix and whose row comes after `after`. It keeps only a
   * few more than `count`, because a list may be very long.
   */
  namesAfter(startsWith: string, after: string, count = Number.POSITIVE_INFINITY): ListedMailbox[] {
    let found: { readonly row: string; readonly listed: ListedMailbox }[] = [];
    let last: string | undefined;
    for (const shard of this.shards) {
      for (const expectation of EXPECTATIONS) {
        for (const mailbox of shard.listed(expectation)) {
          if (!mailbox.startsWith(startsWith)) continue;
          const row = STATE_PREFIX + encodeKey(mailbox);
          if (row <= after || (last !== undefined && row > last)) continue;
          found.push({ row, listed: { mailbox, expectation } });
        }
      }
      if (found.length < Math.max(2 * count, LEAST_KEPT)) continue;
      found = found.sort(byRow).slice(0, count);
      last = found.at(-1)?.row;
    }
    return found
      .sort(byRow)
      .slice(0, count)
      .map(({ listed }) => listed);
  }

  /** The expectation of a mailbox; undefined when it is not listed. */
  expectationOf(mailbox: string): Expectation | undefined {
    const position = statePosition(mailbox);
    const shard = this.shards.findLast(({ range }) => comparePositions(range.from, position) <= 0);
    return EXPECTATIONS.find((as) => shard?.listed(as).includes(mailbox));
  }
}

/** Names that are kept before the largest are dropped. */
const LEAST_KEPT = 1_000;

const START: Position = { partition: PARTITIONS[0] ?? '', row: STATE_PREFIX };

export function planShards(listed: ReadonlyMap<string, Expectation>, shardSize: number): Plan {
  const sorted = sortedAsKeys(listed.keys());
  const hash = createHash('sha256').update(String(shardSize));
  const shards: PlannedShard[] = [];
  let from = START;
  for (let first = 0; first < sorted.length; first += shardSize) {
    // Every name in `sorted` is a key of `listed`.
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

/** The mailboxes in the order of their rows. Sorting keys as plain text is fast, since few names differ from theirs. */
function sortedAsKeys(mailboxes: Iterable<string>): string[] {
  const keys = new Map<string, string[]>(PARTITIONS.map((partition) => [partition, []]));
  for (const mailbox of mailboxes) keys.get(partitionOf(mailbox))?.push(encodeKey(mailbox));
  return [...keys.values()].flatMap((one) => one.sort().map(decodeKey));
}

function byRow(a: { readonly row: string }, b: { readonly row: string }): number {
  return a.row < b.row ? -1 : Number(a.row > b.row);
}

const BORROWED = 5;

/**
 * Allowed mailboxes of other shards that may serve as a control. Their order depends on run and shard: a shard that is
 * done again borrows the same ones, and no mailbox serves every shard.
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
