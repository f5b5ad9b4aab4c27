// An answer costs the same however much there is: how many rows and names are read for it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listDeclaredStates } from '../../src/reads/declaredStates.ts';
import type { Expectation } from '../../src/rules/mailbox.ts';
import type { Services } from '../../src/services.ts';
import { encodeKey, STATE_PREFIX } from '../../src/storage/keys.ts';
import { createMailboxStore } from '../../src/storage/mailboxStore.ts';
import { mergedPage } from '../../src/storage/mergePartitions.ts';
import { planShards } from '../../src/storage/plan.ts';
import { createRunStore, type Run } from '../../src/storage/runStore.ts';
import type { Row, Table, Tables } from '../../src/storage/tables.ts';

/** A table whose partitions each hold `rows` rows with this prefix, that counts what is read. */
function countingTable(rows: number, prefix = 'x'): { readonly table: Table; read(): number } {
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
      const [, index, last = ''] = /RowKey gt '[a-z:]*(\d{9})(.)'/.exec(filter) ?? [];
      const first = index === undefined ? 0 : Number(index) + (partition > last ? 0 : 1);
      for (let from = first; from < rows; from += pageSize) {
        const page = Array.from({ length: Math.min(pageSize, rows - from) }, (_, index): Row => {
          return {
            partitionKey: partition,
            rowKey: `${prefix}${String(from + index).padStart(9, '0')}${partition}`,
            etag: '',
          };
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

describe('a filtered page of mailboxes', () => {
  const plan = planShards(new Map([['a@contoso.example', 'denied']]), 500);
  const other = 'the hash of another list';
  /** The rows that are read for a page of 100, after these runs, newest first. */
  const cost = async (rows: number, runs: readonly Pick<Run, 'status' | 'listHash'>[]) => {
    const { table, read } = countingTable(rows, STATE_PREFIX);
    const tables = { open: async () => table } as unknown as Tables;
    const storage = { mailboxes: createMailboxStore(tables), runs: { list: async () => ({ items: runs }) } };
    const services = { list: async () => plan, storage: () => storage } as unknown as Services;
    const filter = { startsWith: '', conditions: ["verdict eq 'breach'"], matches: () => false };
    await listDeclaredStates(services, (runs[0] as Run | undefined) ?? null, filter, 100, '');
    return read();
  };
  const run = (status: Run['status'], listHash = plan.hash) => ({ status, listHash });

  it.each([
    ['after a completed run', [run('completed'), run('completed', other)]],
    ['during a run', [run('running'), run('completed'), run('completed', other)]],
    ['after an incomplete run', [run('running'), run('incomplete'), run('completed')]],
  ])('%s costs the same in a large table', async (_, runs) => {
    const few = await cost(1_000, runs);
    expect(await cost(20_000, runs)).toBe(few);
    expect(few).toBeLessThanOrEqual(16 * (100 / 8 + 2) + 200);
  });

  it.each([
    ['before the first run', []],
    ['before a run has completed', [run('running'), run('incomplete')]],
    ['after another list', [run('completed', other)]],
    ['during the first run with a list', [run('running'), run('completed', other)]],
    ['while another list is polled', [run('running', other), run('completed')]],
    ['of a list that has come back', [run('running'), run('incomplete', other), run('completed')]],
    ['of a list that came back twice', [run('running'), run('incomplete'), run('completed', other), run('completed')]],
  ])('%s is joined with the whole table', async (_, runs) => {
    expect(await cost(1_000, runs)).toBeGreaterThanOrEqual(16_000);
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

/** The number of the run whose row this is. */
const runOf = (row: string) => 9_999_999_999 - Number(row);

describe('the causes of drift', () => {
  it('are read by key, at most sixteen at once, each run once, and no other run', async () => {
    const [asked, most]: [string[], { now: number; ever: number }] = [[], { now: 0, ever: 0 }];
    const table = {
      async get(_: string, row: string) {
        asked.push(row);
        most.now += 1;
        most.ever = Math.max(most.ever, most.now);
        await new Promise(setImmediate);
        most.now -= 1;
        const number = runOf(row);
        return { number, status: number % 2 === 0 ? 'completed' : 'running', probableCause: `of ${number}` };
      },
    };
    const runs = createRunStore({ open: async () => table } as unknown as Tables);
    const numbers = Array.from({ length: 150 }, (_, index) => index * 1_000);
    const causes = await runs.causes([...numbers, ...numbers]);
    expect(asked.map(runOf).toSorted((a, b) => a - b)).toEqual(numbers);
    expect(most.ever).toBe(16);
    expect(causes.get(2_000)).toBe('of 2000');
    expect(causes.size).toBe(150);
  });
});

describe('how many are listed', () => {
  it('is known without looking at the names', () => {
    const names = Array.from({ length: 25 }, (_, index) => `user${index}@contoso.example`);
    const plan = planShards(new Map(names.map((name, index) => [name, index % 5 === 0 ? 'allowed' : 'denied'])), 7);
    for (const shard of plan.shards) {
      shard.listed = () => {
        throw new Error('no name is needed');
      };
    }
    expect([plan.count('allowed'), plan.count('denied')]).toEqual([5, 20]);
  });
});
