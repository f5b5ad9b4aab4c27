// Runs with the sandbox tenant and a real storage emulator: what is recorded, also after faults and crashes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../scripts/shared/ports.ts';
import { startStorage } from '../../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';
import type { MailboxView } from '../../src/api/answerSchemas.ts';
import { health } from '../../src/reads/health.ts';
import { listDrift, mailboxHistory } from '../../src/reads/history.ts';
import { latestSubject } from '../../src/reads/latestSubject.ts';
import { getMailbox, listMailboxes, type MailboxQuestion } from '../../src/reads/mailboxes.ts';
import { getRun, listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { giveUpShard } from '../../src/runs/giveUp.ts';
import { poll } from '../../src/runs/poll.ts';
import { planRun, startRun } from '../../src/runs/startRun.ts';
import type { Page } from '../../src/storage/mergePartitions.ts';
import { createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const MINUTE = 60_000;

beforeAll(async () => {
  world = await startWorld();
  await world.tenant.post('mailboxes', { count: 60 });
});

afterAll(() => world.close());

beforeEach(async () => {
  await world.tenant.put('faults', {});
  await policy(SUPPORT);
});

const policy = (...members: string[]) =>
  world.tenant.put('policy', { mechanism: 'application-access-policy', members });
const removePolicy = () => world.tenant.put('policy', { mechanism: 'none' });

function newApp(more: Record<string, string> = {}, beforeWrite?: (table: string) => void): TestApp {
  return createApp(world.settings(more), beforeWrite);
}

/** The same app with other settings and the same storage account. */
function redeploy(settings: Record<string, string>, more: Record<string, string>): TestApp {
  return createApp({ ...settings, ...more });
}

const users = (count: number) =>
  Array.from({ length: count }, (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`);

async function verdicts(app: TestApp): Promise<string> {
  const { items } = await listMailboxes(app, { startsWith: '' }, 1_000, '');
  return items.map(({ mailbox, verdict }) => `${mailbox.split('@')[0]} ${verdict}`).join(', ');
}

async function lastRun(app: TestApp) {
  const { items } = await listRuns(app, 1, '');
  if (!items[0]) throw new Error('there is no run');
  return items[0];
}

const driftOf = async (app: TestApp) => (await listDrift(app, {}, 100, '')).items;

/** Does all queued shards at once. */
async function drain(app: TestApp): Promise<void> {
  await Promise.all(app.sent.splice(0).map((message) => doShard(app, message)));
}

describe('the story', () => {
  it('compliant, policy removed: breach, policy restored: closed', async () => {
    const app = newApp();
    await poll(app);
    expect(await verdicts(app)).toBe('cch compliant, support compliant');
    await removePolicy();
    await poll(app);
    expect(await verdicts(app)).toBe('cch breach, support compliant');
    const breached = await getMailbox(app, CCH);
    const run = await lastRun(app);
    expect(breached.openDrift).toMatchObject({
      id: `2-${CCH}`,
      kind: 'breach',
      openedRun: 2,
      openedAt: run.startedAt,
      closedAt: null,
      evidence: {
        opened: {
          outcome: 'readable',
          status: 200,
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          runId: run.id,
        },
      },
    });
    expect(run).toMatchObject({
      number: 2,
      trigger: 'timer',
      status: 'completed',
      opened: 1,
      closed: 0,
      controlHeld: true,
    });

    await policy(SUPPORT);
    await poll(app);
    expect(await verdicts(app)).toBe('cch compliant, support compliant');
    expect(await driftOf(app)).toMatchObject([
      {
        kind: 'breach',
        openedRun: 2,
        closedRun: 3,
        closedBecause: 'refused',
        evidence: { opened: { outcome: 'readable' }, closed: { outcome: 'refused', controlHeld: true } },
      },
    ]);
    expect((await getMailbox(app, CCH)).openDrift).toBeUndefined();
    expect((await getMailbox(app, CCH)).recent).toBe('xox');
    const { items } = await mailboxHistory(app, CCH, { from: undefined, to: undefined }, 10, '');
    expect(items.map(({ outcome }) => outcome)).toEqual(['refused', 'readable', 'refused']);
    expect(app.logs.filter(({ event }) => event.startsWith('drift.')).map(({ event }) => event)).toEqual([
      'drift.opened',
      'drift.closed',
    ]);
  });

  it('a lockout is confirmed by a second run, and recovers', async () => {
    const app = newApp({ ALLOWED_MAILBOXES: `${SUPPORT} hr@contoso.example` });
    await policy(SUPPORT, 'hr@contoso.example');
    await poll(app);
    await policy(SUPPORT);
    await poll(app);
    expect(await verdicts(app)).toBe('cch compliant, hr pending, support compliant');
    await poll(app);
    expect(await verdicts(app)).toBe('cch compliant, hr lockout, support compliant');
    await policy(SUPPORT, 'hr@contoso.example');
    await poll(app);
    expect(await driftOf(app)).toMatchObject([
      { kind: 'lockout', openedRun: 3, closedRun: 4, closedBecause: 'readable' },
    ]);
  });

  it('without a control nothing is proven: verdicts stay, and become unverified later', async () => {
    const app = newApp({ UNVERIFIED_AFTER_RUNS: '2', LOCKOUT_AFTER_RUNS: '9' });
    await poll(app);
    await policy();
    await poll(app);
    expect(await lastRun(app)).toMatchObject({ controlHeld: false, shardsWithoutControl: 1 });
    expect(await verdicts(app)).toBe('cch compliant, support pending');
    expect(await health(app)).toMatchObject({ status: 'unhealthy', problems: [{ code: 'control-not-held' }] });
    await poll(app);
    expect(await verdicts(app)).toBe('cch unverified, support pending');
    expect((await driftOf(app))[0]).toMatchObject({ kind: 'unverified', mailbox: CCH });
  });
});

describe('the list', () => {
  it('may gain, lose and re-declare mailboxes between runs', async () => {
    const settings = world.settings({ DENIED_MAILBOXES: `${CCH} ${users(2).join(' ')}` });
    const first = createApp(settings);
    await poll(first);
    await removePolicy();
    await poll(first);
    expect(await verdicts(first)).toBe('cch breach, support compliant, user00001 breach, user00002 breach');

    // cch is no longer listed, user00001 is allowed now, user00003 is new.
    const more = { ALLOWED_MAILBOXES: `${SUPPORT} ${users(1)}`, DENIED_MAILBOXES: users(3).slice(1).join(' ') };
    const second = redeploy(settings, more);
    expect(await getMailbox(second, users(1)[0] ?? '')).toMatchObject({ verdict: 'pending', since: null });
    await policy(SUPPORT, users(1)[0] ?? '');
    await poll(second);
    expect(await verdicts(second)).toBe(
      'support compliant, user00001 compliant, user00002 compliant, user00003 compliant',
    );
    expect(await lastRun(second)).toMatchObject({ added: 1, removed: 1, redeclared: 1, closed: 3, opened: 0 });
    const closed = (await driftOf(second)).map(
      ({ mailbox, closedBecause }) => `${mailbox.split('@')[0]} ${closedBecause}`,
    );
    expect(closed.sort()).toEqual(['cch unlisted', 'user00001 redeclared', 'user00002 refused']);
    await expect(getMailbox(second, CCH)).rejects.toMatchObject({ code: 'mailbox-not-listed' });
    expect((await mailboxHistory(second, CCH, { from: undefined, to: undefined }, 10, '')).items).toHaveLength(2);
  });

  it('has changed: messages of the old list ask Graph about nothing', async () => {
    const settings = world.settings();
    const first = createApp(settings);
    await startRun(first, 'request');
    const second = redeploy(settings, { DENIED_MAILBOXES: users(3).join(' ') });
    const before = (await world.tenant.state()).requests.byKind;
    for (const message of first.sent) await doShard(second, message);
    expect((await world.tenant.state()).requests.byKind).toEqual(before);
    expect(second.logs).toMatchObject([
      { event: 'shard.skipped', why: 'the list of mailboxes has changed since the run began' },
      { event: 'run.closed', status: 'incomplete' },
    ]);
  });
});

describe('subjects', () => {
  it('of allowed mailboxes are kept, and erased when STORE_SUBJECTS is off', async () => {
    const settings = world.settings();
    await world.tenant.post('messages', { mailbox: SUPPORT, subject: 'Printer on fire' });
    const keeping = createApp(settings);
    await poll(keeping);
    expect(await getMailbox(keeping, SUPPORT)).toMatchObject({ latestSubject: 'Printer on fire' });
    await world.tenant.put('faults', { mailboxes: { [SUPPORT]: { status: 404, code: 'ErrorInvalidUser' } } });
    await poll(keeping);
    expect(await getMailbox(keeping, SUPPORT)).toMatchObject({
      latestSubject: 'Printer on fire',
      lastReason: 'not-found',
    });
    await poll(redeploy(settings, { STORE_SUBJECTS: 'false' }));
    expect(await getMailbox(keeping, SUPPORT)).not.toHaveProperty('latestSubject');
  });

  it('of denied mailboxes are in no table and no log line, whatever happens', async () => {
    const app = newApp();
    await removePolicy();
    await world.tenant.post('messages', { mailbox: CCH, subject: 'Not for anybody' });
    await poll(app);
    expect(await verdicts(app)).toContain('cch breach');
    const month = new Date().toISOString().slice(0, 7).replace('-', '');
    const connection = (app.settings().storage as { value: { reveal(): string } }).value.reveal();
    for (const table of ['Mailboxes', 'Runs', `Observations${month}`]) {
      const client = TableClient.fromConnectionString(connection, table, { allowInsecureConnection: true });
      for await (const row of client.listEntities()) expect(JSON.stringify(row)).not.toContain('Not for anybody');
    }
    expect(JSON.stringify(app.logs)).not.toContain('Not for anybody');
  });
});

describe('a start', () => {
  it('at the same instant as another: one wins, the other names the run in progress', async () => {
    const app = newApp();
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => startRun(app, 'request')));
    const won = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []));
    expect(won).toHaveLength(1);
    for (const one of results) {
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ code: 'run-in-progress', facts: { runId: won[0] } });
    }
  });

  it('by the timer while a run is alive is skipped, and the next run records that', async () => {
    const app = newApp();
    await planRun(app, 'request');
    await poll(app);
    await poll(app);
    expect(app.logs.map(({ event }) => event)).toEqual(['run.started', 'run.skipped', 'run.skipped']);
    app.advance(121_000);
    await poll(app);
    expect(await lastRun(app)).toMatchObject({ number: 2, status: 'completed', skippedTicks: 2 });
    await poll(app);
    expect(await lastRun(app)).toMatchObject({ number: 3, skippedTicks: 0 });
  });

  it('closes a dead run, with what was not seen', async () => {
    const app = newApp({ DENIED_MAILBOXES: users(30).join(' '), SHARD_SIZE: '10' });
    const run = await startRun(app, 'request');
    expect(run.shards).toBe(4);
    const [first] = app.sent.splice(0);
    if (first) await doShard(app, first);
    expect(await getRun(app, run.id)).toMatchObject({ status: 'running', outcomes: { refused: expect.any(Number) } });
    app.advance(119_000);
    await expect(startRun(app, 'request')).rejects.toMatchObject({ code: 'run-in-progress' });
    app.advance(2_000);
    await startRun(app, 'request');
    expect(await getRun(app, run.id)).toMatchObject({
      status: 'incomplete',
      controlHeld: false,
      notSeen: 21,
      problem: '3 of 4 shards did not finish.',
    });
    expect(await health(app)).toMatchObject({ problems: [{ code: 'no-run-yet' }] });
  });

  it('that repeatedly reaches no shard leaves mailboxes unverified at the next look', async () => {
    const app = newApp({ DENIED_MAILBOXES: users(12).join(' '), SHARD_SIZE: '10', UNVERIFIED_AFTER_RUNS: '3' });
    const everyShard = async () => {
      for (const message of app.sent.splice(0)) await doShard(app, message);
    };
    await startRun(app, 'request');
    await everyShard();
    for (let lost = 0; lost < 2; lost += 1) {
      await startRun(app, 'request');
      app.sent.splice(0);
      app.advance(121_000);
    }
    await world.tenant.put('faults', { error: { share: 1, status: 404, body: 'json' } });
    await startRun(app, 'request');
    await everyShard();
    expect(await lastRun(app)).toMatchObject({ number: 4, notSeen: 0, verdicts: { unverified: 13, compliant: 0 } });
  });

  it('closes a run whose shards were all done as completed', async () => {
    let armed = true;
    // The process dies between the shard's commit and the close of its run.
    const writes: string[] = [];
    const app = newApp({}, (table) => {
      writes.push(table);
      if (armed && writes.filter((one) => one === 'Runs').length === 4) throw new Error('killed');
    });
    await expect(poll(app)).rejects.toThrow('killed');
    armed = false;
    app.advance(121_000);
    await poll(app);
    expect((await listRuns(app, 10, '')).items.map(({ status }) => status)).toEqual(['completed', 'completed']);
  });
});

describe('a shard', () => {
  it('of a closed run changes nothing and does not ask Graph', async () => {
    const app = newApp();
    await startRun(app, 'request');
    const [late] = app.sent.splice(0);
    app.advance(121_000);
    await poll(app);
    await removePolicy();
    const before = (await world.tenant.state()).requests.byKind;
    if (late) await doShard(app, late);
    expect((await world.tenant.state()).requests.byKind).toEqual(before);
    expect(await verdicts(app)).toBe('cch compliant, support compliant');
  });

  it('done twice at the same instant counts once', async () => {
    const app = newApp({ DENIED_MAILBOXES: users(40).join(' ') });
    await poll(app);
    await removePolicy();
    const run = await startRun(app, 'request');
    const [message] = app.sent.splice(0);
    if (!message) throw new Error('nothing was sent');
    await Promise.all([doShard(app, message), doShard(app, message), doShard(app, message)]);
    expect(await getRun(app, run.id)).toMatchObject({
      status: 'completed',
      opened: 40,
      verdicts: { breach: 40, compliant: 1 },
    });
    const drift = await driftOf(app);
    expect(drift).toHaveLength(40);
    expect(new Set(drift.map(({ id }) => id)).size).toBe(40);
    const { items } = await mailboxHistory(app, users(1)[0] ?? '', { from: undefined, to: undefined }, 10, '');
    expect(items).toHaveLength(2);
  });

  it('killed before any of its writes continues where it stopped, with the same result', async () => {
    const denied = `${CCH} ${users(12).join(' ')}`;
    for (let fatal = 1; ; fatal += 1) {
      let writes = 0;
      let killed = false;
      const settings = world.settings({ DENIED_MAILBOXES: denied });
      await policy(SUPPORT);
      await poll(createApp(settings));
      // cch is no longer listed, and the others have open drift.
      await removePolicy();
      const app = createApp({ ...settings, DENIED_MAILBOXES: users(12).join(' ') }, () => {
        writes += 1;
        if (writes < fatal || killed) return;
        killed = true;
        throw new Error('killed');
      });
      await startRun(app, 'request').catch(() => undefined);
      if (app.sent.length === 0) continue;
      const [message] = app.sent;
      if (!message) throw new Error('nothing was sent');
      await doShard(app, message).catch((error: Error) => expect(error.message).toBe('killed'));
      await doShard(app, message);
      const run = await getRun(app, message.runId);
      expect(run, `killed before write ${fatal}`).toMatchObject({
        status: 'completed',
        opened: 12,
        closed: 0,
        removed: 1,
        notSeen: 0,
        controlHeld: true,
        verdicts: { breach: 12, compliant: 1 },
      });
      expect(await driftOf(app)).toHaveLength(12);
      if (!killed) break;
    }
  });

  it('done by two processes with slow tables gives the same result as one', async () => {
    const app = newApp({ DENIED_MAILBOXES: users(50).join(' '), SHARD_SIZE: '7' });
    await startRun(app, 'request');
    expect(app.sent.length).toBe(8);
    await drain(app);
    expect(await lastRun(app)).toMatchObject({
      status: 'completed',
      mailboxes: 51,
      shards: 8,
      controlHeld: true,
      notSeen: 0,
      added: 51,
      outcomes: { readable: 1, refused: 50, inconclusive: 0 },
    });
  });
});

describe('a shard that nobody will finish', () => {
  /** A run in two shards, and the message of each. */
  async function startTwo(app: TestApp) {
    const run = await startRun(app, 'request');
    const [first, second] = app.sent.splice(0);
    if (!first || !second) throw new Error('there are two shards');
    return { run, first, second };
  }
  const two = { DENIED_MAILBOXES: users(12).join(' '), SHARD_SIZE: '10' };

  it('ends its run at once, and another can start', async () => {
    const app = newApp();
    const { id } = await startRun(app, 'request');
    const [message] = app.sent.splice(0);
    if (message) await giveUpShard(app, message);
    const problem = '1 of 1 shards did not finish.';
    expect(await getRun(app, id)).toMatchObject({ status: 'incomplete', problem, notSeen: 2 });
    expect(app.alerts).toEqual([id]);
    await poll(app);
    expect(await lastRun(app)).toMatchObject({ number: 2, status: 'completed' });
    if (message) await doShard(app, message);
    expect(await getRun(app, id)).toMatchObject({ status: 'incomplete', notSeen: 2 });
  });

  it('does not end the work of the other shards', async () => {
    const app = newApp(two);
    const { run, first, second } = await startTwo(app);
    await giveUpShard(app, first);
    await giveUpShard(app, first);
    expect(await getRun(app, run.id)).toMatchObject({ status: 'running' });
    await removePolicy();
    await doShard(app, second);
    expect(await getRun(app, run.id)).toMatchObject({ status: 'incomplete', problem: '1 of 2 shards did not finish.' });
    expect(await driftOf(app)).not.toEqual([]);
    expect(app.logs.map(({ event }) => event)).not.toContain('run.completed');
  });

  it('may be done by a process that is late, and then counts', async () => {
    const app = newApp(two);
    const { run, first, second } = await startTwo(app);
    await giveUpShard(app, first);
    await doShard(app, first);
    await doShard(app, second);
    expect(await getRun(app, run.id)).toMatchObject({ status: 'completed', notSeen: 0 });
  });

  it('although it is committed closes its run as completed', async () => {
    let dying = true;
    const settings = world.settings();
    const app = createApp(settings);
    const run = await startRun(app, 'request');
    const [message] = app.sent;
    if (!message) throw new Error('nothing was sent');
    Object.assign(app.storage().queues, {
      async sendAlert() {
        if (dying) throw new Error('the queue is gone');
      },
    });
    await expect(doShard(app, message)).rejects.toThrow('the queue is gone');
    expect(await getRun(app, run.id)).toMatchObject({ status: 'running' });
    dying = false;
    await giveUpShard(app, message);
    expect(await getRun(app, run.id)).toMatchObject({ status: 'completed', notSeen: 0 });
  });

  it('while another process does it leaves no run open, and each drift once', async () => {
    const app = newApp({ DENIED_MAILBOXES: users(5).join(' ') });
    await removePolicy();
    await startRun(app, 'request');
    const [message] = app.sent;
    if (!message) throw new Error('nothing was sent');
    await Promise.all([doShard(app, message), giveUpShard(app, message), doShard(app, message)]);
    expect((await lastRun(app)).status).not.toBe('running');
    expect(await driftOf(app)).toHaveLength(5);
  });

  it('because the timer failed with it ends its run', async () => {
    let failing = true;
    const app = newApp({}, (table) => {
      if (failing && table === 'Mailboxes') throw new Error('no room');
    });
    await expect(poll(app)).rejects.toThrow('no room');
    expect(await lastRun(app)).toMatchObject({ status: 'incomplete' });
    failing = false;
    await poll(app);
    expect(await lastRun(app)).toMatchObject({ number: 2, status: 'completed' });
  });

  it('because the queue did not take it ends its run', async () => {
    const app = newApp(two);
    const refuse = async () => {
      throw new Error('the queue is full');
    };
    const { queues } = app.storage();
    const { sendShards } = queues;
    Object.assign(queues, { sendShards: refuse });
    await expect(startRun(app, 'request')).rejects.toThrow('the queue is full');
    await expect(poll(app)).rejects.toThrow('the queue is full');
    Object.assign(queues, { sendShards });
    expect((await startRun(app, 'request')).number).toBe(3);
    expect((await listRuns(app, 10, '')).items.map(({ status }) => status)).toEqual([
      'running',
      'incomplete',
      'incomplete',
    ]);
  });
});

describe('a shard that was left behind', () => {
  it('does not remove a mailbox that a newer run has listed again', async () => {
    const settings = world.settings({ DENIED_MAILBOXES: `${CCH} ${users(1)}` });
    await poll(createApp(settings));
    // The second run does not list cch, and waits before it removes it.
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = createApp({ ...settings, DENIED_MAILBOXES: String(users(1)) });
    await startRun(slow, 'request');
    const [message] = slow.sent;
    if (!message) throw new Error('nothing was sent');
    const { remove } = slow.storage().mailboxes;
    Object.assign(slow.storage().mailboxes, {
      remove: async (...args: Parameters<typeof remove>) => {
        await released;
        return remove(...args);
      },
    });
    const late = doShard(slow, message);
    await doShard(createApp({ ...settings, DENIED_MAILBOXES: String(users(1)) }), message);
    const again = createApp(settings);
    await poll(again);
    expect(await verdicts(again)).toBe('cch compliant, support compliant, user00001 compliant');
    release();
    await late;
    expect(await verdicts(again)).toBe('cch compliant, support compliant, user00001 compliant');
    expect((await getMailbox(again, CCH)).recent).toBe('x');
  });

  it('and is done again keeps its observations and its control', async () => {
    let armed = true;
    const app = newApp({}, (table) => {
      if (armed && table === 'Runs' && app.logs.length > 0 && states > 0) throw new Error('killed');
      if (table === 'Mailboxes') states += 1;
    });
    let states = 0;
    await startRun(app, 'request');
    const [message] = app.sent;
    if (!message) throw new Error('nothing was sent');
    await expect(doShard(app, message)).rejects.toThrow('killed');
    armed = false;
    await doShard(app, message);
    const [shard] = await app.storage().shards.all(message.runId);
    expect(shard).toMatchObject({ roles: ['Mail.ReadBasic.All'], control: { mailbox: SUPPORT, held: true } });
    expect(await lastRun(app)).toMatchObject({ status: 'completed', roles: ['Mail.ReadBasic.All'], controlHeld: true });
  });

  it('and is done again keeps a subject that it can no longer see', async () => {
    const settings = world.settings();
    await world.tenant.post('messages', { mailbox: SUPPORT, subject: 'Printer on fire' });
    await poll(createApp(settings));
    let armed = true;
    const app = createApp(settings, (table) => {
      if (armed && table === 'Mailboxes') throw new Error('killed');
    });
    await startRun(app, 'request');
    const [message] = app.sent;
    if (!message) throw new Error('nothing was sent');
    await expect(doShard(app, message)).rejects.toThrow('killed');
    armed = false;
    await world.tenant.put('faults', { mailboxes: { [SUPPORT]: { status: 404, code: 'ErrorInvalidUser' } } });
    await doShard(app, message);
    expect(await getMailbox(app, SUPPORT)).toMatchObject({ lastOutcome: 'readable', latestSubject: 'Printer on fire' });
  });
});

describe('a list that has changed since the last run', () => {
  it('is what mailboxes are listed by: no state is shown under another expectation, and no subject', async () => {
    const settings = world.settings({
      ALLOWED_MAILBOXES: `${SUPPORT} hr@contoso.example`,
      DENIED_MAILBOXES: `${CCH} ${users(2).join(' ')}`,
    });
    await policy(SUPPORT, 'hr@contoso.example');
    await poll(createApp(settings));
    const app = redeploy(settings, {
      ALLOWED_MAILBOXES: `${SUPPORT} ${users(1)}`,
      DENIED_MAILBOXES: 'hr@contoso.example user00003@contoso.example user00002@contoso.example',
    });
    const list = async (question: Partial<MailboxQuestion>, top: number) => {
      const found: string[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const page: Page<MailboxView> = await listMailboxes(app, { startsWith: '', ...question }, top, after);
        found.push(...page.items.map(({ mailbox, verdict }) => `${mailbox.split('@')[0]} ${verdict}`));
        after = page.continuation;
      }
      return found;
    };
    const all = ['hr pending', 'support compliant', 'user00001 pending', 'user00002 compliant', 'user00003 pending'];
    for (const top of [1, 2, 5, 100]) expect(await list({}, top)).toEqual(all);
    expect(await list({ expectation: 'denied' }, 2)).toEqual([
      'hr pending',
      'user00002 compliant',
      'user00003 pending',
    ]);
    expect(await list({ verdict: 'pending' }, 1)).toEqual(['hr pending', 'user00001 pending', 'user00003 pending']);
    expect(await list({ startsWith: 'user', verdict: 'compliant' }, 10)).toEqual(['user00002 compliant']);
    const { items } = await listMailboxes(app, { startsWith: 'hr' }, 10, '');
    expect(items).toEqual([await getMailbox(app, 'hr@contoso.example')]);
    expect(JSON.stringify(items)).not.toContain('Subject');

    await poll(app);
    expect(await list({ expectation: 'denied' }, 2)).toHaveLength(3);
  });

  it('does not show a subject any more once subjects are not to be kept', async () => {
    const settings = world.settings();
    await poll(createApp(settings));
    const { items } = await listMailboxes(createApp(settings), { startsWith: 'support' }, 1, '');
    expect(items[0]).toHaveProperty('latestSubject');
    const app = redeploy(settings, { STORE_SUBJECTS: 'false' });
    expect((await listMailboxes(app, { startsWith: 'support' }, 1, '')).items[0]).not.toHaveProperty('latestSubject');
    expect(await getMailbox(app, SUPPORT)).not.toHaveProperty('latestSubject');
  });
});

describe('time', () => {
  it('a run over the end of a month is on record in the month it began', async () => {
    const app = newApp();
    app.advance(Date.parse('2031-12-31T23:59:59.900Z') - Date.now());
    const run = await startRun(app, 'request');
    expect(run.id).toBe('20311231T235959Z-1');
    app.advance(1_000);
    await drain(app);
    const range = { from: '2032-01-01T00:00:00.000Z', to: undefined };
    const { items } = await mailboxHistory(app, CCH, range, 10, '');
    expect(items).toMatchObject([{ runId: run.id, checkedAt: expect.stringMatching(/^2032-01-01/) }]);
    app.advance(60 * MINUTE);
    await poll(app);
    const all = await mailboxHistory(app, CCH, { from: undefined, to: undefined }, 1, '');
    expect(all.items).toHaveLength(1);
    const rest = await mailboxHistory(app, CCH, { from: undefined, to: undefined }, 10, all.continuation ?? '');
    expect([...all.items, ...rest.items].map(({ runId }) => runId)).toEqual([
      expect.stringMatching(/^20320101/),
      run.id,
    ]);
  });

  it('old observations, drift and runs are deleted, but open drift is kept', async () => {
    const settings = world.settings({ RETENTION_MONTHS: '2', DENIED_MAILBOXES: `${CCH} ${users(1)}` });
    const app = createApp(settings);
    app.advance(Date.parse('2031-01-15T10:00:00Z') - Date.now());
    await poll(app);
    await removePolicy();
    await poll(app);
    await policy(SUPPORT, ...users(1));
    await poll(app);
    app.advance(110 * 24 * 60 * MINUTE);
    await poll(app);
    // A single run so much later may have a wrong clock: the next day confirms it.
    expect((await listRuns(app, 10, '')).items).toHaveLength(4);
    app.advance(24 * 60 * MINUTE);
    await poll(app);
    expect((await listRuns(app, 10, '')).items.map(({ number }) => number)).toEqual([5, 4]);
    expect(await driftOf(app)).toMatchObject([{ mailbox: users(1)[0], closedAt: null }]);
    const { items } = await mailboxHistory(app, CCH, { from: undefined, to: undefined }, 10, '');
    expect(items).toHaveLength(2);
  });

  it('a dead monitor does not keep saying compliant', async () => {
    const app = newApp();
    await poll(app);
    expect(await health(app)).toMatchObject({ status: 'healthy', problems: [] });
    app.advance(46 * MINUTE);
    expect(await getMailbox(app, CCH)).toMatchObject({ verdict: 'unverified', stale: true });
    expect((await listMailboxes(app, { startsWith: '', verdict: 'compliant' }, 10, '')).items).toEqual([]);
    expect((await listMailboxes(app, { startsWith: '', verdict: 'unverified' }, 10, '')).items).toHaveLength(2);
    expect(await health(app)).toMatchObject({ status: 'unhealthy', problems: [{ code: 'run-overdue' }] });
  });
});

describe('a breach met between two runs', () => {
  it('starts a run, once', async () => {
    const app = newApp();
    await poll(app);
    await removePolicy();
    await expect(latestSubject(app, CCH)).rejects.toMatchObject({ code: 'scope-breach' });
    await expect(latestSubject(app, CCH)).rejects.toMatchObject({ code: 'scope-breach' });
    expect(await lastRun(app)).toMatchObject({ number: 2, trigger: 'scope-breach' });
    await drain(app);
    expect(await verdicts(app)).toBe('cch breach, support compliant');
    await expect(latestSubject(app, CCH)).rejects.toMatchObject({ code: 'scope-breach' });
    expect((await lastRun(app)).number).toBe(2);
  });
});

describe('storage that is killed in the middle of a run', () => {
  it('fails the run visibly; when it is back, the next run completes the rest', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mailscope-'));
    const port = await freePorts(3);
    const start = () => startStorage({ port, dataDir, log: () => undefined });
    let storage = await start();
    try {
      const more = { DENIED_MAILBOXES: users(40).join(' '), AzureWebJobsStorage: emulatorConnection(port) };
      const app = newApp(more, (table) => {
        if (table === 'Mailboxes') stopped ??= storage.stop();
      });
      let stopped: Promise<void> | undefined = Promise.resolve();
      await poll(app);
      stopped = undefined;
      await removePolicy();
      await expect(poll(app)).rejects.toMatchObject({ code: 'storage-unavailable' });
      await stopped;
      expect(await health(app)).toMatchObject({ status: 'unhealthy', problems: [{ code: 'storage-unavailable' }] });

      storage = await start();
      stopped = Promise.resolve();
      app.advance(121_000);
      await poll(app);
      const { items } = await listRuns(app, 10, '');
      expect(items.map(({ status }) => status)).toEqual(['completed', 'incomplete', 'completed']);
      expect(items[0]).toMatchObject({ verdicts: { breach: 40, compliant: 1 } });
      const drift = await driftOf(app);
      expect(drift).toHaveLength(40);
      expect(drift.every(({ closedAt }) => closedAt === null)).toBe(true);
    } finally {
      await storage.stop();
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('storage that cannot be reached', () => {
  it('fails the run visibly, and health says so', async () => {
    const app = createApp(world.settings({ AzureWebJobsStorage: emulatorConnection(9) }));
    await expect(poll(app)).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'The storage account cannot be used: it cannot be reached.',
    });
    expect(await health(app)).toMatchObject({ status: 'unhealthy', problems: [{ code: 'storage-unavailable' }] });
  });
});

describe('a text without bounds', () => {
  const LONG = '👩‍🔬é"\u0001'.repeat(8_000);

  it('stops no run, and the breach of the same shard is announced with it', async () => {
    const denied = users(20);
    const app = newApp({ DENIED_MAILBOXES: [CCH, ...denied].join(' '), STORE_SUBJECTS: 'true' });
    await world.tenant.post('messages', { mailbox: SUPPORT, subject: LONG });
    const code = 'C'.repeat(70_000);
    await world.tenant.put('faults', { mailboxes: { [denied[0] ?? '']: { status: 404, code } } });
    await policy(SUPPORT, CCH);
    await poll(app);
    const run = await lastRun(app);
    expect(run).toMatchObject({ status: 'completed', opened: 1, notSeen: 0 });
    expect(app.alerts).toEqual([run.id]);
    expect((await driftOf(app)).map(({ mailbox, kind }) => [mailbox, kind])).toEqual([[CCH, 'breach']]);
    const { latestSubject: subject } = await getMailbox(app, SUPPORT);
    expect(LONG.startsWith(String(subject).slice(0, -1))).toBe(true);
    expect(subject).toMatch(/…$/);
    expect((await latestSubject(app, SUPPORT)).subject).toBe(subject);
  });
});

describe('a batch that cannot be read', () => {
  it('hides no breach: the first run sees it', async () => {
    const denied = users(20);
    const [broken = '', , breached = ''] = denied;
    const app = newApp({ DENIED_MAILBOXES: denied.join(' ') });
    await world.tenant.put('faults', { mailboxes: { [broken]: { status: 503, body: 'raw' } } });
    await policy(SUPPORT, breached);
    await poll(app);
    expect(await lastRun(app)).toMatchObject({
      status: 'completed',
      controlHeld: true,
      outcomes: { readable: 2, refused: 18, inconclusive: 1 },
      opened: 1,
    });
    expect((await driftOf(app)).map(({ mailbox, kind }) => [mailbox, kind])).toEqual([[breached, 'breach']]);
  });
});

describe('a tenant without Exchange Online', () => {
  it('is named by health, by the mailbox and by the latest subject', async () => {
    const app = newApp();
    const code = 'OrganizationFromTenantGuidNotFound';
    await world.tenant.put('faults', { mailboxes: { [SUPPORT]: { status: 401, code }, [CCH]: { status: 401, code } } });
    await poll(app);
    const why = 'the tenant has no Exchange Online, or it is the wrong tenant';
    expect((await health(app)).problems).toEqual([
      {
        code: 'control-not-held',
        detail: `In the last completed run a control did not hold, so its refusals prove nothing. An allowed mailbox was not readable: 401 ${code}, ${why}.`,
      },
    ]);
    expect(await getMailbox(app, CCH)).toMatchObject({ lastOutcome: 'inconclusive', lastReason: 'token' });
    await expect(latestSubject(app, SUPPORT)).rejects.toMatchObject({
      code: 'identity-unavailable',
      message: `Microsoft Graph rejects the token: ${why}.`,
      facts: { graph: { status: 401, code } },
    });
  });
});

describe('a fault of a setting that runs do not need', () => {
  it.each([
    ['HEARTBEAT_URL', 'ping'],
    ['PAUSE_ALERTS_UNTIL', 'tomorrow'],
  ])('does not stop them, and health names it: %s', async (setting, value) => {
    const app = newApp({ [setting]: value, ALERT_WEBHOOK_URL: 'https://hooks.example' });
    await poll(app);
    expect(await lastRun(app)).toMatchObject({ status: 'completed' });
    expect((await health(app)).problems).toEqual([{ code: 'configuration-invalid', setting, fault: 'malformed' }]);
  });
});
