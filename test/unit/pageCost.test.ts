// A page costs the same however much there is: how many rows and names are read for it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Expectation } from '../../src/rules/mailbox.ts';
import { encodeKey, STATE_PREFIX } from '../../src/storage/keys.ts';
import { mergedPage } from '../../src/storage/mergePartitions.ts';
import { planShards } from '../../src/storage/plan.ts';
import type { Row, Table } from '../../src/storage/tables.ts';

/** A table whose partitions each hold `rows` rows, that counts what is read. */
function countingTable(rows: number): { readonly table: Table; read(): number } {
  let read = 0;
  const never = () => {
    throw new Error('a list only lists');
  };
  const table: Table = {
    get: never,
    write: never,
    remove: never,
    async *list(filter, { pageSize = 1_000 } = {}) {
      const [, partition = ''] = /PartitionKey eq '(.)'/.exec(filter) ?? [];
      for (let from = 0; from < rows; from += pageSize) {
        const page = Array.from({ length: Math.min(pageSize, rows - from) }, (_, index): Row => {
          return { partitionKey: partition, rowKey: `x${String(from + index).padStart(9, '0')}${partition}`, etag: '' };
        });
        read += page.length;
        yield page;
      }
    },
  };
  return { table, read: () => read };
}

describe('a page of what sixteen partitions hold', () => {
  it.each([1, 100, 1_000])('of %i reads the same number of rows from few as from many', async (top) => {
    const [few, many] = [countingTable(1_000), countingTable(100_000)];
    for (const { table } of [few, many]) {
      const { items } = await mergedPage(
        table,
        { prefix: 'x', conditions: [], top, after: '' },
        ({ rowKey }) => rowKey,
      );
      expect(items).toHaveLength(top);
      expect(items).toEqual(items.toSorted());
    }
    expect(many.read()).toBe(few.read());
    expect(many.read()).toBeLessThanOrEqual(16 * (top / 8 + 2) + 2 * top);
  });
});

describe('the names of a page', () => {
  const name = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom(...'abc.%~_é') });
  const list = fc.dictionary(name, fc.constantFrom<Expectation>('allowed', 'denied'), {
    maxKeys: 80,
    noNullPrototype: true,
  });

  it('are the first ones after a row, whatever the list and its shards', () => {
    fc.assert(
      fc.property(list, name, fc.nat(9), fc.integer({ min: 1, max: 7 }), (names, prefix, count, shardSize) => {
        const listed = new Map(Object.entries(names));
        const row = (mailbox: string) => STATE_PREFIX + encodeKey(mailbox);
        const after = row(prefix);
        const all = [...listed]
          .map(([mailbox, expectation]) => ({ mailbox, expectation }))
          .sort((a, b) => (row(a.mailbox) < row(b.mailbox) ? -1 : 1));
        const plan = planShards(listed, shardSize);
        expect(plan.namesAfter('', '')).toEqual(all);
        const rest = all.filter(({ mailbox }) => row(mailbox) > after);
        expect(plan.namesAfter('', after, count)).toEqual(rest.slice(0, count));
        expect(plan.namesAfter(prefix, '')).toEqual(all.filter(({ mailbox }) => mailbox.startsWith(prefix)));
      }),
    );
  });

  it('are right in a list that is longer than what is kept', () => {
    const names = Array.from(
      { length: 12_000 },
      (_, index) => `user${String((index * 7_919) % 12_000).padStart(5, '0')}@x`,
    );
    const plan = planShards(new Map(names.map((one) => [one, 'denied'])), 500);
    expect(plan.namesAfter('', '', 3).map(({ mailbox }) => mailbox)).toEqual([
      'user00000@x',
      'user00001@x',
      'user00002@x',
    ]);
    const after = STATE_PREFIX + encodeKey('user07999@x');
    expect(plan.namesAfter('user0', after, 2).map(({ mailbox }) => mailbox)).toEqual(['user08000@x', 'user08001@x']);
  });
});
