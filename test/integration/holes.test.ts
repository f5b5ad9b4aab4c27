// Holes with real tables: missed ticks, runs that did not reach a mailbox, and how old the oldest proof is.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHealthLook } from '../../src/reads/healthLook.ts';
import { getMailbox, listMailboxes } from '../../src/reads/mailboxes.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { giveUpShard } from '../../src/runs/giveUp.ts';
import { poll } from '../../src/runs/poll.ts';
import { startRun } from '../../src/runs/startRun.ts';
import { CCH, HR, SUPPORT, setClock, setPolicy } from '../support/recordedTables.ts';
import { asScopes, createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

beforeEach(async () => {
  await setPolicy(world, SUPPORT);
});

/** An app whose clock is at this time of a day long ago. */
function appAt(time: string, more: Record<string, string> = {}): TestApp {
  const app = createApp(world.settings(more));
  clock(app, time);
  return app;
}

const clock = (app: TestApp, time: string) => setClock(app, `2026-03-05T${time}Z`);

async function pollAt(app: TestApp, time: string): Promise<void> {
  clock(app, time);
  await poll(app);
  for (const message of app.sent.splice(0)) await doShard(app, message);
}

const recentOf = async (app: TestApp, mailbox = CCH) => (await getMailbox(app, mailbox)).recent;

async function lastRun(app: TestApp) {
  const [run] = (await listRuns(app, 1, '')).items;
  if (!run) throw new Error('there is no run');
  return run;
}

describe('a monitor that is dead', () => {
  it('shows its hole while it is dead, and keeps it afterwards', async () => {
    const app = appAt('08:00:00.100');
    await pollAt(app, '08:00:00.100');
    await pollAt(app, '08:15:00.100');
    const shown: string[] = [];
    for (const time of ['08:29:00', '08:30:10', '08:45:10', '10:00:10']) {
      clock(app, time);
      shown.push(await recentOf(app));
    }
    expect(shown).toEqual(['xx', 'xx', 'xx.', 'xx......']);
    expect((await listMailboxes(app, { startsWith: '' }, 10, '')).items.map(({ recent }) => recent)).toEqual([
      'xx......',
      'oo......',
    ]);

    // The timer fires at ten: that time is not missed.
    await pollAt(app, '10:00:20');
    expect(await recentOf(app)).toBe('xx......x');
    expect(await lastRun(app)).toMatchObject({ number: 3, trigger: 'timer', missedTicks: 6, skippedTicks: 0 });
    await pollAt(app, '10:15:00');
    expect(await recentOf(app)).toBe('xx......xx');
    expect((await listRuns(app, 10, '')).items.map(({ missedTicks }) => missedTicks)).toEqual([0, 6, 0, 0]);
  });

  it('has missed the latest time too when health starts its run', async () => {
    const app = appAt('08:00:00.100');
    await pollAt(app, '08:00:00.100');
    clock(app, '08:31:00');
    expect(await recentOf(app)).toBe('x.');
    await createHealthLook()(asScopes(app));
    for (const message of app.sent.splice(0)) await doShard(app, message);
    expect(await recentOf(app)).toBe('x..x');
    expect(await lastRun(app)).toMatchObject({ trigger: 'overdue', missedTicks: 2 });
  });

  it('for a year, of a tick each minute, shows 48 dots and records ten thousand', async () => {
    const app = appAt('08:00:00.100', { POLL_SCHEDULE: '0 * * * * *' });
    await pollAt(app, '08:00:00.100');
    setClock(app, '2027-03-05T08:00:00.100Z');
    expect(await recentOf(app)).toBe('.'.repeat(48));
    await poll(app);
    expect(await recentOf(app)).toBe(`${'.'.repeat(47)}x`);
    expect(await lastRun(app)).toMatchObject({ missedTicks: 10_000 });
  });

  it('whose clock was set back has missed nothing', async () => {
    const app = appAt('12:00:00');
    await pollAt(app, '12:00:00');
    await pollAt(app, '08:00:00');
    expect(await lastRun(app)).toMatchObject({ number: 2, missedTicks: 0 });
    expect(await recentOf(app)).toBe('xx');
  });
});

describe('no hole', () => {
  it('is a tick at which a run was at work', async () => {
    const app = appAt('08:00:00.100');
    await pollAt(app, '08:00:00.100');
    clock(app, '08:14:30');
    await startRun(app, 'request');
    const messages = app.sent.splice(0);
    await pollAt(app, '08:15:00.100');
    clock(app, '08:16:00');
    // The run in progress may still reach the mailbox.
    expect(await recentOf(app)).toBe('x');
    for (const message of messages) await doShard(app, message);
    clock(app, '08:31:00');
    expect(await recentOf(app)).toBe('xx');
    await pollAt(app, '08:45:00.100');
    expect(await lastRun(app)).toMatchObject({ number: 3, skippedTicks: 1, missedTicks: 1 });
    expect(await recentOf(app)).toBe('xx.x');
  });

  it('comes from runs before a mailbox was declared', async () => {
    const settings = world.settings();
    const app = createApp(settings);
    await pollAt(app, '08:00:00.100');
    await pollAt(app, '09:00:00.100');
    const later = createApp({ ...settings, ALLOWED_MAILBOXES: `${SUPPORT} ${CCH}`, DENIED_MAILBOXES: HR });
    clock(later, '09:15:00.100');
    expect(await recentOf(later, HR)).toBe('');
    await pollAt(later, '09:15:00.100');
    expect([await recentOf(later, HR), await recentOf(later), await recentOf(later, SUPPORT)]).toEqual([
      'x',
      'x',
      'o...oo',
    ]);
  });
});

describe('a run that does not reach a mailbox', () => {
  it('is a hole of that mailbox, as soon as the run has ended', async () => {
    const app = appAt('08:00:00.100', { SHARD_SIZE: '1' });
    await pollAt(app, '08:00:00.100');
    clock(app, '08:15:00.100');
    await poll(app);
    const messages = app.sent.splice(0);
    const own = (await app.list()).shards.find((shard) => shard.listed('denied').includes(CCH))?.index;
    for (const message of messages.filter(({ shard }) => shard !== own)) await doShard(app, message);
    expect([await recentOf(app), await recentOf(app, SUPPORT)]).toEqual(['x', 'oo']);
    for (const message of messages.filter(({ shard }) => shard === own)) await giveUpShard(app, message);
    expect([await recentOf(app), await recentOf(app, SUPPORT)]).toEqual(['x.', 'oo']);
    expect(await lastRun(app)).toMatchObject({ status: 'incomplete', oldestProof: null, missedTicks: 0 });

    await pollAt(app, '08:45:00.100');
    expect([await recentOf(app), await recentOf(app, SUPPORT)]).toEqual(['x..x', 'oo.o']);
    expect(await lastRun(app)).toMatchObject({ status: 'completed', missedTicks: 1 });
  });
});

describe('a refusal without a control', () => {
  it('is a question mark in recent, and makes no proof younger', async () => {
    const app = appAt('08:00:00.100', { DENIED_MAILBOXES: `${CCH} ${HR}` });
    await pollAt(app, '08:00:00.100');
    const first = await lastRun(app);
    const proofs = await Promise.all([CCH, HR].map(async (mailbox) => (await getMailbox(app, mailbox)).provenAt));
    expect(first.oldestProof).toBe(proofs.sort()[0]);
    expect(first.verdictsByExpectation).toMatchObject({ denied: { compliant: 2 }, allowed: { compliant: 1 } });

    await setPolicy(world);
    await pollAt(app, '08:15:00.100');
    expect([await recentOf(app), await recentOf(app, SUPPORT)]).toEqual(['x?', 'ox']);
    expect((await lastRun(app)).oldestProof).toBe(first.oldestProof);

    await setPolicy(world, SUPPORT, CCH);
    await pollAt(app, '08:30:00.100');
    expect(await recentOf(app)).toBe('x?o');
    expect(await lastRun(app)).toMatchObject({
      oldestProof: (await getMailbox(app, CCH)).provenAt,
      verdictsByExpectation: { denied: { compliant: 1, breach: 1 } },
    });
  });
});
