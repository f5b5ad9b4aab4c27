// Tables that an earlier version wrote: today's version goes on with them.
//
// To record them for a later version, before it changes what is written:
// RECORD_TABLES_TO=test/fixtures/tables/NAME.json npm test -- test/integration/upgrade.test.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RecordedRow, type Recording, recordStory } from '../support/recordedTables.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

const before = JSON.parse(
  readFileSync(new URL('../fixtures/tables/beforeMissedTicks.json', import.meta.url), 'utf8'),
) as Recording;

/** The kind of a row, and its columns: all rows of a kind together. */
function columnsOf({ tables }: Recording): Map<string, Set<string>> {
  const kinds = new Map<string, Set<string>>();
  for (const [table, rows] of Object.entries(tables)) {
    for (const row of rows) {
      const kind = `${table.replace(/\d+$/, '')} ${kindOf(row)}`;
      kinds.set(kind, new Set([...(kinds.get(kind) ?? []), ...Object.keys(row)]));
    }
  }
  return kinds;
}

function kindOf({ partitionKey, rowKey }: RecordedRow): string {
  if (partitionKey === 'run') return rowKey === 'current' ? 'current' : 'run';
  if (partitionKey === 'alerts') return rowKey;
  const [, prefix] = /^(mailbox|drift):/.exec(rowKey) ?? [];
  return prefix ?? (/^\d{6}$/.test(rowKey) ? 'shard' : 'observation');
}

describe('the recorded story, played today', () => {
  it('writes every kind of row with every column of the version before', async () => {
    const today = await recordStory(world);
    const { RECORD_TABLES_TO } = process.env;
    if (RECORD_TABLES_TO) writeFileSync(RECORD_TABLES_TO, JSON.stringify(today, null, 2));
    const columns = columnsOf(today);
    for (const [kind, names] of columnsOf(before)) {
      expect([...(columns.get(kind) ?? [])], kind).toEqual(expect.arrayContaining([...names]));
    }
  });
});
