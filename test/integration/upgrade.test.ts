// Tables that an earlier version wrote: today's version goes on with them.
//
// To record them for a later version, before it changes what is written:
// RECORD_TABLES_TO=test/fixtures/tables/NAME.json npx vitest run test/integration/upgrade.test.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { health } from '../../src/reads/health.ts';
import { listDrift, mailboxHistory } from '../../src/reads/history.ts';
import { getMailbox, listMailboxes } from '../../src/reads/mailboxes.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { poll } from '../../src/runs/poll.ts';
import {
  CCH,
  drain,
  GONE,
  HR,
  loadTables,
  type RecordedRow,
  type Recording,
  recordStory,
  SUPPORT,
  setClock,
  setPolicy,
  storySettings,
} from '../support/recordedTables.ts';
import { createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  // The story's tenant.
  await world.tenant.post('mailboxes', { count: 3 });
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

/** Today's app over the recorded tables, a moment after the version before was stopped. */
async function upgraded(): Promise<TestApp> {
  const settings = storySettings(world);
  await loadTables(settings.AzureWebJobsStorage ?? '', before.tables);
  const app = createApp(settings);
  setClock(app, before.endedAt);
  app.advance(10_000);
  return app;
}

/** Does the shards that the version before has left on the queue. */
async function finishRun(app: TestApp): Promise<void> {
  for (const message of before.shardMessages) await doShard(app, message);
  await drain(app);
}

async function pollAt(app: TestApp, time: string): Promise<void> {
  setClock(app, `2026-11-26T${time}Z`);
  await poll(app);
  await drain(app);
}

async function statesOf(app: TestApp): Promise<Record<string, string>> {
  const { items } = await listMailboxes(app, { startsWith: '' }, 100, '');
  return Object.fromEntries(
    items.map(({ mailbox, verdict, recent }) => [mailbox.split('@')[0], `${verdict} ${recent}`]),
  );
}

const openDrift = async (app: TestApp) =>
  (await listDrift(app, { open: true }, 100, '')).items.map(({ id, openedAt }) => `${id} ${openedAt}`);

const lastRun = async (app: TestApp) => (await listRuns(app, 1, '')).items[0];

/** The headlines of the alerts since the last call. */
async function headlines(): Promise<readonly string[]> {
  const response = await fetch(`${world.tenant.sandbox.url}/sandbox/alerts`);
  const { value } = (await response.json()) as {
    readonly value: readonly { readonly body: { readonly data: { readonly headline: string } } }[];
  };
  const fresh = value.slice(seen);
  seen = value.length;
  return fresh.map(({ body }) => body.data.headline);
}
let seen = 0;

const OPEN = [
  `6-${CCH} 2026-11-26T09:15:00.200Z`,
  `4-${HR} 2026-11-26T08:44:30.000Z`,
  `3-${GONE} 2026-11-26T08:30:00.201Z`,
];

describe('an upgrade in the middle of a run and of an open breach', () => {
  it('answers everything before anything new was written', async () => {
    const app = await upgraded();
    expect(await statesOf(app)).toEqual({
      cch: 'breach xoxxxo',
      gone: 'unverified ??????',
      hr: 'lockout ooxxxxx',
      support: 'compliant ooooxoo',
      user00001: 'compliant xoxxxxx',
      user00002: 'compliant xoxxxx',
      user00003: 'compliant xoxxxx',
    });
    expect(await openDrift(app)).toEqual(OPEN);
    expect((await listDrift(app, {}, 100, '')).items).toHaveLength(7);
    const { items } = await mailboxHistory(app, CCH, { from: undefined, to: undefined }, 10, '');
    expect(items.map(({ outcome }) => outcome)).toEqual([
      'readable',
      'refused',
      'refused',
      'refused',
      'readable',
      'refused',
    ]);
    expect(await health(app)).toMatchObject({ status: 'healthy', lastCompletedRun: '20261126T091500Z-6' });
    const runs = (await listRuns(app, 100, '')).items;
    expect(runs.map(({ number, status }) => `${number} ${status}`)).toEqual([
      '7 running',
      '6 completed',
      '5 completed',
      '4 completed',
      '3 completed',
      '2 completed',
      '1 completed',
    ]);
    // Unknown, and neither zero nor fine.
    for (const run of runs) expect(run).toMatchObject({ missedTicks: null, oldestProof: null });
    for (const run of runs.slice(1)) expect(run.verdictsByExpectation).toBeNull();
  });

  it('shows the hole since, if it never starts a run', async () => {
    const app = await upgraded();
    setClock(app, '2026-11-26T10:15:10Z');
    expect(await statesOf(app)).toMatchObject({ cch: 'breach xoxxxo..', support: 'unverified ooooxoo..' });
  });

  it('finishes the run, announces nothing twice, and closes the breach', async () => {
    await headlines();
    await setPolicy(world, SUPPORT, CCH);
    const app = await upgraded();
    await finishRun(app);
    expect(await lastRun(app)).toMatchObject({
      number: 7,
      status: 'completed',
      missedTicks: null,
      verdicts: { compliant: 4, breach: 1, lockout: 1, unverified: 1 },
      // The version before has counted one of its shards.
      verdictsByExpectation: null,
      oldestProof: null,
    });
    expect(await statesOf(app)).toMatchObject({ cch: 'breach xoxxxoo', hr: 'lockout ooxxxxx' });
    expect(await openDrift(app)).toEqual(OPEN);
    expect(await headlines()).toEqual([]);

    // The upgrade took its time: two ticks were missed.
    await setPolicy(world, SUPPORT, HR);
    await pollAt(app, '10:15:00.200');
    expect(await lastRun(app)).toMatchObject({
      number: 8,
      missedTicks: 2,
      closed: 2,
      verdictsByExpectation: {
        allowed: { compliant: 2, lockout: 0 },
        denied: { compliant: 4, breach: 0, unverified: 1 },
      },
      // Nobody ever knew `gone`.
      oldestProof: '2026-11-26T08:00:00.202Z',
    });
    expect(await statesOf(app)).toMatchObject({
      cch: 'compliant xoxxxoo..x',
      gone: 'unverified ???????..?',
      hr: 'compliant ooxxxxx..o',
      support: 'compliant ooooxoo..o',
      user00002: 'compliant xoxxxxx..x',
    });
    expect(await openDrift(app)).toEqual(OPEN.slice(2));
    const closed = (await listDrift(app, { mailbox: CCH }, 100, '')).items[0];
    expect(closed).toMatchObject({ id: `6-${CCH}`, closedRun: 8, closedBecause: 'refused', recovered: true });
    expect(await headlines()).toEqual(['Mailscope: 1 breach recovered, 1 lockout recovered']);
    expect((await getMailbox(app, CCH)).openDrift).toBeUndefined();

    await pollAt(app, '10:30:00.200');
    expect(await headlines()).toEqual([]);
    expect(await lastRun(app)).toMatchObject({ number: 9, missedTicks: 0, status: 'completed' });
  });

  it('goes on without the messages of the version before', async () => {
    await headlines();
    await setPolicy(world, SUPPORT, CCH);
    const app = await upgraded();
    await pollAt(app, '09:45:00.200');
    expect((await listRuns(app, 2, '')).items.map(({ number, status }) => `${number} ${status}`)).toEqual([
      '8 completed',
      '7 incomplete',
    ]);
    expect(await statesOf(app)).toMatchObject({ cch: 'breach xoxxxo.o', support: 'compliant ooooxooo' });
    expect(await openDrift(app)).toEqual(OPEN);
    // What is left on the queue is too late.
    await finishRun(app);
    expect(await statesOf(app)).toMatchObject({ cch: 'breach xoxxxo.o' });
    expect(await headlines()).not.toContainEqual(expect.stringContaining('breach'));
  });

  it('takes messages of a version that did not know owners', async () => {
    await setPolicy(world, SUPPORT, CCH);
    const app = await upgraded();
    for (const { owner: _, ...message } of before.shardMessages) await doShard(app, message);
    expect(await lastRun(app)).toMatchObject({ number: 7, status: 'completed' });
    expect(await openDrift(app)).toEqual(OPEN);
  });
});
