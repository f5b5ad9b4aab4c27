// The list of mailboxes, sorted as the table sorts, cut into shards.
import { createHash } from 'node:crypto';
import type { Expectation } from '../rules/mailbox.ts';
import { comparePositions, PARTITIONS, type Position, STATE_PREFIX, statePosition } from './keys.ts';
import type { Range } from './mailboxes.ts';

export interface ListedMailbox {
  readonly mailbox: string;
  readonly expectation: Expectation;
}

/** A shard owns its whole range of keys, up to where the next begins: mailboxes no longer listed included. */
export interface PlannedShard {
  readonly index: number;
  readonly range: Range;
  readonly mailboxes: readonly ListedMailbox[];
}

export interface Plan {
  /** Tells lists apart: of what is listed, as what, and how it is cut. */
  readonly hash: string;
  readonly mailboxes: number;
  readonly shards: readonly PlannedShard[];
}

const START: Position = { partition: PARTITIONS[0] ?? '', row: STATE_PREFIX };

export function planShards(listed: ReadonlyMap<string, Expectation>, shardSize: number): Plan {
  const sorted = [...listed]
    .map(([mailbox, expectation]) => ({ mailbox, expectation, position: statePosition(mailbox) }))
    .sort((a, b) => comparePositions(a.position, b.position));
  const shards: PlannedShard[] = [];
  for (let first = 0; first < sorted.length; first += shardSize) {
    const own = sorted.slice(first, first + shardSize);
    const from = first === 0 ? START : (own[0]?.position ?? START);
    const range = { from, to: sorted[first + shardSize]?.position ?? null };
    const mailboxes = own.map(({ mailbox, expectation }) => ({ mailbox, expectation }));
    shards.push({ index: shards.length, range, mailboxes });
  }
  const hash = createHash('sha256').update(String(shardSize));
  for (const { mailbox, expectation } of sorted) hash.update(`\n${mailbox} ${expectation}`);
  return { hash: hash.digest('hex'), mailboxes: sorted.length, shards };
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
    const { mailboxes = [] } = others[(seed + step) % others.length] ?? {};
    const allowed = mailboxes.filter(({ expectation }) => expectation === 'allowed');
    for (let index = 0; index < allowed.length && found.length < BORROWED; index += 1) {
      const one = allowed[(seed + index) % allowed.length];
      if (one) found.push(one.mailbox);
    }
  }
  return found;
}
