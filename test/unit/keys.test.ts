// Keys of table rows, and the list cut into shards.
import { describe, expect, it } from 'vitest';
import type { Expectation } from '../../src/rules/mailbox.ts';
import {
  afterPrefix,
  comparePositions,
  decodeKey,
  driftRow,
  encodeKey,
  invertedNumber,
  observationRow,
  partitionOf,
  statePosition,
} from '../../src/storage/keys.ts';
import { borrowControls, planShards } from '../../src/storage/plan.ts';

const NASTY = [
  "o'brien@contoso.example",
  'pat_fabrikam.example#ext#@contoso.onmicrosoft.com',
  'plus+tag@contoso.example',
  'a/b\\c?d%e@contoso.example',
  'star*tilde~colon:@contoso.example',
  'müller@contoso.example',
  '日本@contoso.example',
  'tab\tand\u0085@contoso.example',
  '*2F@contoso.example',
];

describe('a key', () => {
  it.each(NASTY)('of %j holds no character that a table refuses, and can be decoded', (mailbox) => {
    const key = encodeKey(mailbox);
    expect(key).not.toMatch(/[/\\#?%~:\p{Cc}]/u);
    expect(decodeKey(key)).toBe(mailbox);
  });

  it('escapes as *XX in UTF-8 hex', () => {
    expect(encodeKey('a#b@x\u0085')).toBe('a*23b@x*C2*85');
    expect(encodeKey('*')).toBe('*2A');
  });

  it('uses the first hex digit of the hash as partition', () => {
    expect(partitionOf('support@contoso.example')).toBe('5');
    expect(statePosition('a#b').row).toBe('mailbox:a*23b');
  });

  it('sorts newer runs first', () => {
    expect(invertedNumber(2) < invertedNumber(1)).toBe(true);
    expect(invertedNumber(42)).toBe('9999999957');
    expect(driftRow(7, 'a~b')).toBe('drift:9999999992~a*7Eb');
    expect(observationRow('a', 7)).toBe('a~9999999992');
    expect(afterPrefix('mailbox:')).toBe('mailbox;');
  });
});

describe('a plan', () => {
  const listed = new Map<string, Expectation>(
    Array.from({ length: 95 }, (_, index) => [`user${index}@contoso.example`, index % 10 === 0 ? 'allowed' : 'denied']),
  );
  const plan = planShards(listed, 10);

  it('cuts the sorted list into shards that leave no gap between their ranges', () => {
    expect(plan.shards.map((shard) => shard.expectations().size)).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    expect(plan.shards[0]?.range.from).toEqual({ partition: '0', row: 'mailbox:' });
    expect(plan.shards.at(-1)?.range.to).toBeNull();
    for (const [index, { range }] of plan.shards.entries()) {
      if (index > 0) expect(range.from).toEqual(plan.shards[index - 1]?.range.to);
    }
    for (const shard of plan.shards) {
      const { range } = shard;
      for (const mailbox of shard.expectations().keys()) {
        const position = statePosition(mailbox);
        expect(comparePositions(position, range.from)).toBeGreaterThanOrEqual(0);
        expect(range.to === null || comparePositions(position, range.to) < 0).toBe(true);
      }
    }
  });

  it('knows the expectation of each listed mailbox, and of no other', () => {
    for (const [mailbox, expectation] of listed) expect(plan.expectationOf(mailbox)).toBe(expectation);
    expect(plan.expectationOf('user95@contoso.example')).toBeUndefined();
    expect(planShards(new Map(), 10).expectationOf('user1@contoso.example')).toBeUndefined();
  });

  it('has a hash of mailboxes, expectations and shard size that ignores the order', () => {
    expect(planShards(new Map([...listed].reverse()), 10).hash).toBe(plan.hash);
    expect(planShards(listed, 11).hash).not.toBe(plan.hash);
    expect(planShards(new Map([...listed, ['x@contoso.example', 'denied']]), 10).hash).not.toBe(plan.hash);
    expect(planShards(new Map([...listed, ['user1@contoso.example', 'allowed']]), 10).hash).not.toBe(plan.hash);
  });

  it('lends the same allowed mailboxes of other shards to the same run and shard', () => {
    const own = plan.shards[3]?.expectations() ?? new Map();
    const borrowed = borrowControls(plan, 'run-1', 3);
    expect(borrowed).toHaveLength(5);
    expect(new Set(borrowed).size).toBe(5);
    expect(borrowed.every((mailbox) => listed.get(mailbox) === 'allowed' && !own.has(mailbox))).toBe(true);
    expect(borrowControls(plan, 'run-1', 3)).toEqual(borrowed);
    const others = [2, 3, 4, 5, 6].map((number) => borrowControls(plan, `run-${number}`, 3)[0]);
    expect(new Set(others).size).toBeGreaterThan(1);
  });

  it('lends nothing when there is nothing to lend', () => {
    expect(borrowControls(planShards(new Map([['a@x', 'allowed']]), 10), 'run-1', 0)).toEqual([]);
  });

  it('of a hundred thousand mailboxes is made quickly', () => {
    const many = new Map<string, Expectation>(Array.from({ length: 100_000 }, (_, index) => [`u${index}@x`, 'denied']));
    expect(planShards(many, 500).shards).toHaveLength(200);
  });
});
