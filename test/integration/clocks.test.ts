// Clocks that are wrong, machines that were suspended, and answers that get lost: every drift is announced once, and nothing looks fine.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { health } from '../../src/reads/health.ts';
import { getMailbox, listMailboxes } from '../../src/reads/mailboxes.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { poll } from '../../src/runs/poll.ts';
import { planRun } from '../../src/runs/startRun.ts';
import { startServer } from '../support/localApp.ts';
import { createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const DAY = 24 * 3_600_000;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

beforeEach(() => restorePolicy());

const restorePolicy = () => world.tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
const removePolicy = () => world.tenant.put('policy', { mechanism: 'none' });

/** A receiver of this test alone, and what it got, one of each id. */
async function startReceiver() {
  const got = new Map<string, { readonly headline: string }>();
  const url = await startServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { id, data } = JSON.parse(Buffer.concat(chunks).toString());
    expect(got.get(id) ?? data).toEqual(data);
    got.set(id, data);
    response.end();
  });
  return { url, headlines: () => [...got.values()].map(({ headline }) => headline) };
}

async function deliverAll(app: TestApp): Promise<void> {
  for (const runId of app.alerts.splice(0)) await deliverAlert(app, { runId });
}

async function runAndAlert(app: TestApp): Promise<void> {
  await poll(app);
  await deliverAll(app);
}

/** Something that one side waits at, until the other opens it. */
function gate() {
  const opened = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const pass = () => {
    arrived.resolve();
    return opened.promise;
  };
  return { arrived: arrived.promise, open: opened.resolve, pass };
}

/** A run whose shard is held just before it writes states; answers how to let it go on. */
async function startHeldRun(settings: Record<string, string>) {
  const { arrived, open, pass } = gate();
  const held = createApp(settings, (table) => (table === 'Mailboxes' ? pass() : undefined));
  const { run } = await planRun(held, 'request');
  const done = doShard(held, { runId: run.id, shard: 0, listHash: run.listHash });
  await arrived;
  return {
    run,
    async finish() {
      open();
      await done;
    },
  };
}

describe('a run that is closed while its shard still writes', () => {
  it('has its drift announced by the next alert, and its recovery after that', async () => {
    const { url, headlines } = await startReceiver();
    const settings = world.settings({ ALERT_WEBHOOK_URL: url });
    const app = createApp(settings);
    await runAndAlert(app);
    await removePolicy();
    const late = await startHeldRun(settings);

    // The clock jumps: the run looks dead, is closed, and its alert is delivered.
    app.advance(200_000);
    const { run, ended } = await planRun(app, 'timer');
    expect(ended).toMatchObject({ id: late.run.id, status: 'incomplete' });
    await deliverAlert(app, { runId: late.run.id });
    await late.finish();
    expect(headlines()).toEqual([expect.stringMatching(/^Mailscope: the run \S+ is incomplete$/)]);

    // The next run finds the breach on record, and does not open it.
    await doShard(app, { runId: run.id, shard: 0, listHash: run.listHash });
    expect(await getMailbox(app, CCH)).toMatchObject({ openDrift: { openedRun: late.run.number } });
    await deliverAll(app);
    expect(headlines().slice(1)).toEqual(['Mailscope: 1 breach opened']);

    await restorePolicy();
    await runAndAlert(app);
    expect(headlines().slice(2)).toEqual(['Mailscope: 1 breach recovered']);
  });

  it('has a recovery announced that it wrote late', async () => {
    const { url, headlines } = await startReceiver();
    const settings = world.settings({ ALERT_WEBHOOK_URL: url });
    const app = createApp(settings);
    await removePolicy();
    await runAndAlert(app);
    await restorePolicy();
    const late = await startHeldRun(settings);
    app.advance(DAY);
    const { run } = await planRun(app, 'timer');
    await deliverAlert(app, { runId: late.run.id });
    await late.finish();
    await doShard(app, { runId: run.id, shard: 0, listHash: run.listHash });
    await deliverAll(app);
    expect(headlines()).toEqual([
      'Mailscope: 1 breach opened',
      expect.stringMatching(/the run \S+ is incomplete$/),
      'Mailscope: 1 breach recovered',
    ]);
  });
});

describe('an attempt', () => {
  it('that two take at once announces drift once, whoever is suspended', async () => {
    for (let suspendedAt = 1; suspendedAt <= 3; suspendedAt += 1) {
      const { url, headlines } = await startReceiver();
      const settings = world.settings({ ALERT_WEBHOOK_URL: url });
      const app = createApp(settings);
      await runAndAlert(app);
      await removePolicy();
      await poll(app);
      const [runId = ''] = app.alerts.splice(0);
      const { arrived, open, pass } = gate();
      let writes = 0;
      const suspended = createApp(settings, () => {
        writes += 1;
        return writes === suspendedAt ? pass() : undefined;
      });
      const slow = deliverAlert(suspended, { runId });
      await arrived;
      app.advance(16_000);
      await deliverAlert(app, { runId });
      open();
      await slow;
      await restorePolicy();
      await runAndAlert(app);
      expect(headlines(), `suspended before write ${suspendedAt}`).toEqual([
        'Mailscope: 1 breach opened',
        'Mailscope: 1 breach recovered',
      ]);
    }
  });

  it('that is claimed for longer than a claim lasts is taken over at once', async () => {
    const { url, headlines } = await startReceiver();
    const settings = world.settings({ ALERT_WEBHOOK_URL: url });
    const app = createApp(settings);
    await removePolicy();
    await poll(app);
    const [runId = ''] = app.alerts.splice(0);
    const ahead = createApp(settings, (table) => {
      // Dies after its claim, with a clock that is an hour ahead.
      if (table === 'Mailboxes') throw new Error('killed');
    });
    ahead.advance(3_600_000);
    await expect(deliverAlert(ahead, { runId })).rejects.toThrow('killed');
    await deliverAlert(app, { runId });
    expect(headlines()).toEqual(['Mailscope: 1 breach opened']);
  });
});

describe('times that lie in the future', () => {
  /** A mailbox judged compliant, and a run that died, both by a clock that was a day ahead. */
  async function afterDayAhead(): Promise<TestApp> {
    const settings = world.settings();
    const ahead = createApp(settings);
    ahead.advance(DAY);
    await poll(ahead);
    await planRun(ahead, 'request');
    return createApp(settings);
  }

  it('prove no freshness: the answer is unverified and unhealthy', async () => {
    const app = await afterDayAhead();
    expect(await getMailbox(app, CCH)).toMatchObject({ verdict: 'unverified', stale: true });
    const found = async (verdict: 'compliant' | 'unverified') =>
      (await listMailboxes(app, { verdict, startsWith: '' }, 10, '')).items.map(({ mailbox }) => mailbox);
    expect(await found('compliant')).toEqual([]);
    expect(await found('unverified')).toEqual([CCH, SUPPORT]);
    expect(await health(app)).toMatchObject({
      status: 'unhealthy',
      problems: [{ code: 'run-overdue', detail: expect.stringContaining('in the future') }],
    });
  });

  it('prove no life: a run starts, and sees what is so', async () => {
    const app = await afterDayAhead();
    await removePolicy();
    await poll(app);
    expect(await getMailbox(app, CCH)).toMatchObject({ verdict: 'breach', stale: false });
    expect((await health(app)).problems).toEqual([]);
  });

  it('do not keep the grace period of a mailbox open', async () => {
    const settings = world.settings({ PROPAGATION_MINUTES: '60' });
    const ahead = createApp(settings);
    ahead.advance(DAY);
    await removePolicy();
    await poll(ahead);
    const app = createApp(settings);
    await poll(app);
    expect(await getMailbox(app, CCH)).toMatchObject({ verdict: 'pending' });
    app.advance(61 * 60_000);
    await poll(app);
    expect(await getMailbox(app, CCH)).toMatchObject({ verdict: 'breach' });
  });

  it('do not make retention delete what is young', async () => {
    const settings = world.settings({ RETENTION_MONTHS: '1' });
    const app = createApp(settings);
    await poll(app);
    const ahead = createApp(settings);
    ahead.advance(400 * DAY);
    await poll(ahead);
    await poll(createApp(settings));
    expect((await app.storage().runs.list(10, '')).items.map(({ number }) => number)).toEqual([3, 2, 1]);
  });
});

describe('an answer that is lost after the write was applied', () => {
  it.each(['Runs', 'Mailboxes'])('of the table %s leaves nothing out', async (table) => {
    let beats = 0;
    const heartbeat = await startServer((_, response) => {
      beats += 1;
      response.end();
    });
    const settings = world.settings({ HEARTBEAT_URL: heartbeat });
    await poll(createApp(settings));
    await removePolicy();
    let writes = 0;
    for (let lost = 1; lost === 1 || lost <= writes; lost += 1) {
      writes = 0;
      beats = 0;
      const app = createApp(settings, undefined, (name, written) => {
        if (name === table) writes += 1;
        return name === table && writes === lost ? false : written;
      });
      await poll(app);
      const events = app.logs.map(({ event }) => event);
      expect([lost, beats, events.includes('run.completed')]).toEqual([lost, 1, true]);
      expect(await getMailbox(app, CCH)).toMatchObject({ verdict: 'breach' });
      if (lost === 1) expect(events.filter((event) => event === 'drift.opened')).toHaveLength(1);
    }
  });
});
