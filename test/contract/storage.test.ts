// The contract of every storage function, tested with a real storage emulator.
import { request as httpRequest } from 'node:http';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge, type MailboxState } from '../../src/rules/judge.ts';
import { readConfiguration, type StorageSettings } from '../../src/settings/settings.ts';
import { PARTITIONS, partitionOf } from '../../src/storage/keys.ts';
import type { MailboxChange, MailboxRecord } from '../../src/storage/mailboxStore.ts';
import type { Run } from '../../src/storage/runStore.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { createTables } from '../../src/storage/tables.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { startServer } from '../support/localApp.ts';
import { observed, runAt } from '../support/rules.ts';

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator();
});

afterAll(() => emulator.part.stop());

function settingsOf(connection: string): StorageSettings {
  const environment = { ALLOWED_MAILBOXES: 'a@contoso.example', AzureWebJobsStorage: connection };
  const { settings } = readConfiguration(environment);
  if (!settings) throw new Error('the settings are bad');
  return settings.storage;
}

const account = () => settingsOf(emulator.nextAccount());
const storage = (): Storage => openStorage(account());
const lease = { remainingMs: () => 60_000, check: () => undefined, signal: new AbortController().signal };
const RULES = { propagationMinutes: 0, lockoutAfterRuns: 2, unverifiedAfterRuns: 3 };
const NASTY = ["o'brien@contoso.example", 'pat#ext#@contoso.example', 'a%b?c@contoso.example', 'm*ü~:@contoso.example'];

function stateOf(mailbox: string, letter = 'x', number = 1): MailboxState {
  const run = runAt(number, 0);
  return judge(null, { ...observed(letter, run), mailbox }, { expectation: 'denied', run, rules: RULES });
}

function recordOf(mailbox: string, more: Partial<MailboxRecord> = {}): MailboxRecord {
  return { ...stateOf(mailbox), openDrift: null, latestSubject: null, latestReceivedDateTime: null, ...more };
}

const creation = (next: MailboxRecord): MailboxChange => ({ previous: null, next, closed: null, opened: null });
const name = (index: number) => `user${String(index).padStart(4, '0')}@contoso.example`;
const names = (count: number) => Array.from({ length: count }, (_, index) => name(index));

describe('mailboxes', () => {
  it.each(NASTY)('are read as they were written: %s', async (mailbox) => {
    const { mailboxes } = storage();
    const record = recordOf(mailbox, {
      latestSubject: "It's 100 % \u0000-free",
      latestReceivedDateTime: '2026-11-23T08:00:00Z',
    });
    expect(await mailboxes.get(mailbox)).toBeNull();
    expect(await mailboxes.write([creation(record)], lease)).toEqual([]);
    expect((await mailboxes.get(mailbox))?.record).toEqual(record);
    expect((await mailboxes.list({ startsWith: mailbox.slice(0, 4) }, 10, '')).items).toEqual([record]);
  });

  it('are written in transactions, and one that conflicts does not stop the others', async () => {
    const { mailboxes } = storage();
    await mailboxes.write([creation(recordOf(name(7)))], lease);
    const conflicts = await mailboxes.write(
      names(250).map((mailbox) => creation(recordOf(mailbox, { refusals: 1 }))),
      lease,
    );
    expect(conflicts).toEqual([name(7)]);
    expect((await mailboxes.list({}, 1_000, '')).items).toHaveLength(250);
    expect((await mailboxes.get(name(7)))?.record.refusals).toBe(0);
  });

  it('are replaced only under their ETag', async () => {
    const { mailboxes } = storage();
    await mailboxes.write([creation(recordOf(name(1)))], lease);
    const stored = await mailboxes.get(name(1));
    if (!stored) throw new Error('it was not written');
    const change = { ...creation(recordOf(name(1), { refusals: 1 })), previous: stored };
    expect(await mailboxes.write([change], lease)).toEqual([]);
    expect(await mailboxes.write([change], lease)).toEqual([name(1)]);
    expect(await mailboxes.remove(stored, lease)).toBe(false);
    const again = await mailboxes.get(name(1));
    if (again) expect(await mailboxes.remove(again, lease)).toBe(true);
    expect(await mailboxes.get(name(1))).toBeNull();
    if (again) expect(await mailboxes.remove(again, lease)).toBe(true);
  });

  it('are written together with their drift, or not at all', async () => {
    const { mailboxes, drift } = storage();
    const run = runAt(1, 0);
    const opened = {
      id: `1-${name(1)}`,
      mailbox: name(1),
      kind: 'breach' as const,
      openedAt: run.startedAt,
      openedRun: 1,
      firstSight: true,
      closedAt: null,
      closedRun: null,
      closedBecause: null,
      evidence: { opened: { ...observed('o', run), mailbox: name(1) } },
    };
    const change = { ...creation(recordOf(name(1), { openDrift: opened })), opened };
    await mailboxes.write([change], lease);
    expect((await drift.list({ open: true }, 10, '')).items).toEqual([opened]);
    expect(await mailboxes.write([{ ...change, opened: { ...opened, kind: 'lockout' } }], lease)).toEqual([name(1)]);
    expect((await drift.list({}, 10, '')).items).toEqual([opened]);

    const stored = await mailboxes.get(name(1));
    const closed = { ...opened, closedAt: run.startedAt, closedRun: 2, closedBecause: 'refused' as const };
    await mailboxes.write([{ previous: stored, next: recordOf(name(1)), closed, opened: null }], lease);
    expect((await drift.list({ open: true }, 10, '')).items).toEqual([]);
    expect((await drift.list({ open: false, kind: 'breach', mailbox: name(1) }, 10, '')).items).toEqual([closed]);
    expect((await drift.list({ kind: 'lockout' }, 10, '')).items).toEqual([]);
    await drift.forget(run.startedAt);
    expect((await drift.list({}, 10, '')).items).toHaveLength(1);
    await drift.forget('2027-01-01T00:00:00.000Z');
    expect((await drift.list({}, 10, '')).items).toEqual([]);
  });

  it.each([1, 7, 100, 299, 300, 1_000])('are listed in order, %i a page, each exactly once', async (top) => {
    const { mailboxes } = storage();
    await mailboxes.write(
      names(300).map((mailbox) => creation(recordOf(mailbox))),
      lease,
    );
    const found: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const page = await mailboxes.list({}, top, after);
      expect(page.items.length).toBeLessThanOrEqual(top);
      found.push(...page.items.map(({ mailbox }) => mailbox));
      after = page.continuation;
      if (found.length > 40 && top === 1) break;
    }
    expect(found).toEqual(names(300).slice(0, found.length));
  });

  it('are read by range, from inclusive and to exclusive, over partitions', async () => {
    const { mailboxes } = storage();
    await mailboxes.write(
      names(200).map((mailbox) => creation(recordOf(mailbox))),
      lease,
    );
    const start = { partition: PARTITIONS[0] ?? '', row: 'mailbox:' };
    const middle = { partition: partitionOf(name(50)), row: `mailbox:${name(50)}` };
    const before = await mailboxes.inRange({ from: start, to: middle });
    const rest = await mailboxes.inRange({ from: middle, to: null });
    expect(before.length + rest.length).toBe(200);
    const in50 = ({ record }: { readonly record: MailboxRecord }) => record.mailbox === name(50);
    expect([before.some(in50), rest.some(in50)]).toEqual([false, true]);
  });
});

describe('observations', () => {
  it('are inserted and never replaced: an existing one is returned', async () => {
    const { observations } = storage();
    const run = runAt(1, 0);
    const first = names(120).map((mailbox) => ({ ...observed('x', run), mailbox }));
    expect(await observations.insert(first, run, lease)).toEqual([]);
    const second = names(130).map((mailbox) => ({ ...observed('o', run), mailbox }));
    const existing = await observations.insert(second, run, lease);
    expect(existing).toHaveLength(120);
    expect(existing.every(({ outcome }) => outcome === 'refused')).toBe(true);
    const { items } = await observations.history(name(125), ALWAYS, 10, '');
    expect(items).toEqual([second[125]]);
  });

  it.each(NASTY)('have a history in pages over months, newest first: %s', async (mailbox) => {
    const { observations } = storage();
    const months = [3, 4, 5].map((month) => `2026-0${month}-30T08:00:00.000Z`);
    for (const [index, startedAt] of months.entries()) {
      for (const step of [0, 1]) {
        const run = { number: index * 2 + step + 1, startedAt };
        await observations.insert([{ ...observed('x', run), mailbox, checkedAt: startedAt }], run, lease);
      }
    }
    const runIds: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const page = await observations.history(mailbox, ALWAYS, 1, after);
      runIds.push(...page.items.map(({ runId }) => runId));
      after = page.continuation;
    }
    expect(runIds).toEqual(['run-6', 'run-5', 'run-4', 'run-3', 'run-2', 'run-1']);
    const april = { from: '2026-04-30T08:00:00.000Z', to: '2026-05-30T08:00:00.000Z' };
    expect((await observations.history(mailbox, april, 10, '')).items.map(({ runId }) => runId)).toEqual([
      'run-4',
      'run-3',
    ]);
    await observations.forget('202605');
    expect((await observations.history(mailbox, ALWAYS, 10, '')).items.map(({ runId }) => runId)).toEqual([
      'run-6',
      'run-5',
    ]);
  });

  it('of another mailbox with the same beginning are not mixed in', async () => {
    const { observations } = storage();
    const run = runAt(1, 0);
    const both = ['a@contoso.example', 'a@contoso.example.org'].map((mailbox) => ({ ...observed('x', run), mailbox }));
    await observations.insert(both, run, lease);
    expect((await observations.history('a@contoso.example', ALWAYS, 10, '')).items).toEqual([both[0]]);
  });
});

const ALWAYS = { from: '1970-01-01T00:00:00.000Z', to: '9999-12-31T00:00:00.000Z' };

const runOf = (number: number, more: Partial<Run> = {}): Run => ({
  id: `20261123T080000Z-${number}`,
  number,
  trigger: 'timer',
  status: 'running',
  startedAt: runAt(number, number).startedAt,
  finishedAt: null,
  listHash: 'hash',
  mailboxes: 2,
  shards: 1,
  skippedTicks: 0,
  missedTicks: 0,
  missedTotal: 0,
  touchedAt: runAt(number, number).startedAt,
  result: null,
  probableCause: null,
  problem: null,
  endedBy: null,
  ...more,
});

const shardOf = (shard: number) => ({
  shard,
  begunAt: runAt(1, 0).startedAt,
  committedAt: null,
  givenUpAt: null,
  removed: 0,
  closedByRemoval: 0,
  tally: null,
  controlHeld: null,
  control: null,
  roles: null,
  throttled: 0,
  waitedMs: 0,
});

const by = (startedBy: string) => ({ startedBy, owner: 'us' });

describe('runs', () => {
  it('have consecutive numbers, whoever starts them', async () => {
    const { runs } = storage();
    expect(await runs.current()).toBeNull();
    expect(await runs.start(runOf(1), by('starter'), null, null)).toBe(true);
    expect(await runs.start(runOf(1), by('another'), null, null)).toBe(false);
    // The library sends the same start a second time.
    expect(await runs.start(runOf(1), by('starter'), null, null)).toBe(true);
    const current = await runs.current();
    const first = await runs.get(1);
    const ended = first && { ...first, value: runOf(1, { status: 'incomplete' }) };
    const starts = await Promise.all(
      [1, 2, 3].map((one) => runs.start(runOf(2), by(`starter ${one}`), current, ended)),
    );
    expect(starts.filter(Boolean)).toHaveLength(1);
    expect((await runs.get(1))?.value.status).toBe('incomplete');
    expect((await runs.list(10, '')).items.map(({ number }) => number)).toEqual([2, 1]);
  });

  it('keep the skipped ticks until the next run starts', async () => {
    const { runs } = storage();
    await runs.skipTick('me', 'us');
    await runs.start(runOf(1), by('starter'), null, null);
    await Promise.all(['a', 'b', 'c'].map((one) => runs.skipTick(one, 'us')));
    await runs.skipTick('d', 'another app');
    expect((await runs.current())?.value).toMatchObject({ skippedTicks: 3, owner: 'us' });
    await runs.start(runOf(2), by('starter'), await runs.current(), null);
    expect((await runs.current())?.value.skippedTicks).toBe(0);
  });

  it('are replaced only if they have not changed', async () => {
    const { runs } = storage();
    await runs.start(runOf(1), by('starter'), null, null);
    const found = await runs.get(1);
    expect(await runs.replace(runOf(1, { status: 'completed' }), found?.etag ?? '')).toBe(true);
    expect(await runs.replace(runOf(1), found?.etag ?? '')).toBe(false);
  });

  it('have shards, and each read allows one write', async () => {
    const { shards } = storage();
    const { id } = runOf(1);
    expect(await shards.get(id, 0)).toBeNull();
    expect(await shards.write(id, shardOf(0), null)).toBe(true);
    expect(await shards.write(id, shardOf(0), null)).toBe(false);
    const read = await shards.get(id, 0);
    expect(await shards.write(id, { ...shardOf(0), removed: 1 }, read?.etag ?? '')).toBe(true);
    expect(await shards.write(id, shardOf(0), read?.etag ?? '')).toBe(false);
    for (const shard of [10, 9, 2]) await shards.write(id, shardOf(shard), null);
    expect((await shards.all(id)).map(({ shard }) => shard)).toEqual([0, 2, 9, 10]);
  });

  it('are listed in pages, and deleted with their shards', async () => {
    const { runs, shards } = storage();
    for (let number = 1; number <= 5; number += 1) {
      await runs.start(
        runOf(number, { startedAt: `2026-0${number}-01T00:00:00.000Z` }),
        by('starter'),
        await runs.current(),
        null,
      );
      await shards.write(runOf(number).id, shardOf(0), null);
    }
    const page = await runs.list(2, '');
    expect(page.items.map(({ number }) => number)).toEqual([5, 4]);
    expect((await runs.list(5, page.continuation ?? '')).items.map(({ number }) => number)).toEqual([3, 2, 1]);
    await runs.forget('2026-04-01T00:00:00.000Z');
    expect((await runs.list(10, '')).items.map(({ number }) => number)).toEqual([5, 4]);
    expect(await shards.all(runOf(1).id)).toEqual([]);
    expect(await shards.all(runOf(4).id)).toHaveLength(1);
    expect((await runs.current())?.value.number).toBe(5);
  });
});

describe('tables', () => {
  it('are created once, also with many callers', async () => {
    const tables = createTables(account());
    const opened = await Promise.all(Array.from({ length: 10 }, () => tables.open('Once')));
    expect(new Set(opened).size).toBe(1);
    expect(await tables.names('On')).toEqual(['Once']);
  });

  it('that do not exist are empty to read, and to drop one is not an error', async () => {
    const tables = createTables(account());
    const table = await tables.existing('Nowhere');
    expect(await table.get('a', 'b')).toBeNull();
    for await (const page of table.list("PartitionKey eq 'a'")) expect(page).toEqual([]);
    await tables.drop('Nowhere');
  });

  it('write all or nothing, and stop when the signal fires', async () => {
    const table = await createTables(account()).open('Some');
    const row = (key: string) => ({ partitionKey: 'p', rowKey: key });
    expect(
      await table.write([
        ['create', row('a')],
        ['create', row('b')],
      ]),
    ).toBe(true);
    expect(
      await table.write([
        ['create', row('c')],
        ['create', row('a')],
      ]),
    ).toBe(false);
    expect(await table.get('p', 'c')).toBeNull();
    await expect(table.write([['create', row('d')]], { ...lease, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'storage-unavailable',
    });
  });

  it('that are too busy are asked again after the wait they ask for', async () => {
    const asked: number[] = [];
    const busy = await startServer((request, response) => {
      asked.push(performance.now());
      if (asked.length === 2) return void response.writeHead(503, { 'Retry-After': '1' }).end();
      if (asked.length === 3) return void response.writeHead(429, { 'Retry-After': '1' }).end();
      const { method = 'GET', url = '/', headers } = request;
      const inner = httpRequest({ port: emulator.port + 2, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(inner);
    });
    const connection = emulator.nextAccount().replace(`http://127.0.0.1:${emulator.port + 2}`, busy);
    const table = await createTables(settingsOf(connection)).open('Runs');
    expect(await table.write([['create', { partitionKey: 'a', rowKey: '1' }]])).toBe(true);
    const [, first = 0, second = 0, third = 0] = asked;
    expect(second - first).toBeGreaterThanOrEqual(1_000);
    expect(third - second).toBeGreaterThanOrEqual(1_000);
    expect(asked).toHaveLength(4);
  });

  it('that were deleted cause one error, and are created again', async () => {
    const tables = createTables(account());
    const table = await tables.open('Gone');
    await tables.drop('Gone');
    await expect(table.write([['create', { partitionKey: 'p', rowKey: 'r' }]])).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'The storage account cannot be used: it answered 404 TableNotFound.',
    });
    expect(await (await tables.open('Gone')).write([['create', { partitionKey: 'p', rowKey: 'r' }]])).toBe(true);
  });
});

describe('the queue', () => {
  it('takes one message a shard, as base64 JSON', async () => {
    const settings = account();
    const { queues } = openStorage(settings);
    const messages = Array.from({ length: 40 }, (_, shard) => ({ runId: 'run-1', shard, listHash: 'hash' }));
    await queues.sendShards(messages);
    const connection = settings.kind === 'connection-string' ? settings.value.reveal() : '';
    const { receivedMessageItems } = await new QueueClient(connection, 'poll-shards').receiveMessages({
      numberOfMessages: 32,
    });
    const read = receivedMessageItems.map(({ messageText }) =>
      JSON.parse(Buffer.from(messageText, 'base64').toString()),
    );
    expect(read).toHaveLength(32);
    expect(messages).toEqual(expect.arrayContaining(read));
  });

  it('hides a message of another app that is sent back', async () => {
    const settings = account();
    const { queues } = openStorage(settings);
    const message = { runId: 'run-1', owner: 'another app', returned: 1 };
    await queues.sendBack('drift-alerts', message);
    const connection = settings.kind === 'connection-string' ? settings.value.reveal() : '';
    const queue = new QueueClient(connection, 'drift-alerts');
    expect((await queue.receiveMessages()).receivedMessageItems).toEqual([]);
    expect((await queue.getProperties()).approximateMessagesCount).toBe(1);
  });
});
