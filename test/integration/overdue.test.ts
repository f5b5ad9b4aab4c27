// A timer that has stopped: health starts the run that is overdue, and says that something is wrong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';
import { createHealthLook } from '../../src/reads/healthLook.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { poll } from '../../src/runs/poll.ts';
import { planRun } from '../../src/runs/startRun.ts';
import { DEAD_PORT } from '../support/emulator.ts';
import { startApp } from '../support/localApp.ts';
import { until } from '../support/until.ts';
import { asScopes, createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

const MINUTE = 60_000;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

/** Apps whose clock is five minutes after a scheduled time: how many of them a test passes must not depend on the hour. */
function appAfterTick(settings = world.settings()): TestApp {
  const app = createApp(settings);
  const interval = 15 * MINUTE;
  app.advance(interval - (Date.now() % interval) + 5 * MINUTE);
  return app;
}

/** What one more process says at its first look. */
const look = (app: TestApp) => createHealthLook()(asScopes(app));
const triggersOf = async (app: TestApp) => (await listRuns(app, 10, '')).items.map(({ trigger }) => trigger);

async function drain(app: TestApp): Promise<void> {
  for (const message of app.sent.splice(0)) await doShard(app, message);
}

describe('health, when no run began at the last two scheduled times', () => {
  it('starts one through the queue, and is healthy when that is done', async () => {
    const app = appAfterTick();
    await poll(app);
    expect(await look(app)).toMatchObject({ status: 'healthy' });
    app.advance(31 * MINUTE);
    expect(await look(app)).toMatchObject({
      status: 'unhealthy',
      problems: [{ code: 'run-overdue', detail: 'No run began at the last two scheduled times.' }],
    });
    expect(app.sent).toHaveLength(1);
    await drain(app);
    expect(await triggersOf(app)).toEqual(['overdue', 'timer']);
    expect(await look(app)).toMatchObject({ status: 'healthy' });
    expect(app.sent).toEqual([]);
  });

  it('leaves the next run to the timer for two scheduled times', async () => {
    const app = appAfterTick();
    await poll(app);
    app.advance(31 * MINUTE);
    await look(app);
    await drain(app);
    app.advance(14 * MINUTE);
    await look(app);
    expect(await triggersOf(app)).toEqual(['overdue', 'timer']);
    app.advance(17 * MINUTE);
    await look(app);
    expect(await triggersOf(app)).toEqual(['overdue', 'overdue', 'timer']);
  });

  it('starts one run, however many ask at once in however many processes', async () => {
    const app = appAfterTick();
    await poll(app);
    app.advance(31 * MINUTE);
    const processes = [createHealthLook(), createHealthLook()];
    const answers = await Promise.all(processes.flatMap((one) => Array.from({ length: 3 }, () => one(asScopes(app)))));
    expect(answers.every(({ status }) => status === 'unhealthy')).toBe(true);
    expect(await triggersOf(app)).toEqual(['overdue', 'timer']);
    expect(app.sent).toHaveLength(1);
  });

  it('lets one look serve all callers', async () => {
    const app = appAfterTick();
    await poll(app);
    const shared = createHealthLook();
    const [first, second] = await Promise.all([shared(asScopes(app)), shared(asScopes(app))]);
    expect(first).toBe(second);
    expect(await shared(asScopes(app))).toBe(first);
  });

  it('starts none while one is alive', async () => {
    const app = createApp(world.settings({ POLL_SCHEDULE: '*/10 * * * * *' }));
    await planRun(app, 'request');
    app.advance(60_000);
    expect(await look(app)).toMatchObject({ problems: [{ code: 'no-run-yet' }] });
    expect(await triggersOf(app)).toEqual(['request']);
    expect(app.logs.map(({ event }) => event)).not.toContain('overdue.not-started');
  });

  it('starts one when the last run began in the future', async () => {
    const settings = world.settings();
    const ahead = appAfterTick(settings);
    ahead.advance(24 * 60 * MINUTE);
    await poll(ahead);
    const app = appAfterTick(settings);
    expect(await look(app)).toMatchObject({ problems: [{ code: 'run-overdue' }] });
    expect(await triggersOf(app)).toEqual(['overdue', 'timer']);
  });
});

describe('health without any run on record', () => {
  const born = Date.parse('2031-03-04T08:07:00Z');

  function appAt(time: string): TestApp {
    const app = { ...createApp(world.settings()), startedAt: new Date(born) };
    app.advance(Date.parse(time) - Date.now());
    return app;
  }

  it.each(['2031-03-04T08:08:00Z', '2031-03-04T08:29:00Z'])('leaves the first run to the timer at %s', async (time) => {
    const app = appAt(time);
    expect(await look(app)).toMatchObject({ problems: [{ code: 'no-run-yet' }] });
    expect(app.sent).toEqual([]);
  });

  it('starts one from the second scheduled time of its process on', async () => {
    const app = appAt('2031-03-04T08:30:01Z');
    expect(await look(app)).toMatchObject({ problems: [{ code: 'no-run-yet' }] });
    expect(await triggersOf(app)).toEqual(['overdue']);
  });
});

describe('health starts none', () => {
  const old = { startedAt: new Date('2020-01-01T00:00:00Z') };

  it('when the storage account cannot be reached', async () => {
    const app = {
      ...createApp(world.settings({ AzureWebJobsStorage: emulatorConnection(DEAD_PORT) })),
      ...old,
    };
    expect(await look(app)).toMatchObject({ problems: [{ code: 'storage-unavailable' }] });
    expect(app.sent).toEqual([]);
  });

  it('with bad settings, or a bad list', async () => {
    const bad = { ...createApp(world.settings({ SHARD_SIZE: 'x' })), ...old };
    expect(await look(bad)).toMatchObject({ problems: [{ code: 'configuration-invalid' }] });
    const noList = { ...createApp(world.settings({ MAILBOXES_FILE: '/nowhere.csv' })), ...old };
    expect((await look(noList)).problems).toContainEqual(expect.objectContaining({ setting: 'MAILBOXES_FILE' }));
    expect([...bad.sent, ...noList.sent]).toEqual([]);
    expect(await noList.storage().runs.current()).toBeNull();
  });

  it('while another app owns the tables', async () => {
    const settings = world.settings({ OWNER: 'production' });
    await poll(appAfterTick(settings));
    const app = appAfterTick({ ...settings, OWNER: 'other' });
    app.advance(40 * MINUTE);
    expect((await look(app)).problems.map(({ code }) => code)).toEqual(['tables-in-use', 'run-overdue']);
    expect(await triggersOf(app)).toEqual(['timer']);
    expect(app.logs).toEqual([]);
  });
});

describe('an app whose timer never fires', () => {
  it('is kept going by whoever asks for its health', async () => {
    const app = await startApp({
      ...world.settings({ POLL_SCHEDULE: '*/2 * * * * *', SHARD_SIZE: '1' }),
      PATH: process.env.PATH,
      'AzureWebJobs.pollMailboxes.Disabled': 'true',
      AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
    });
    try {
      await until(async () => {
        await app.get('health');
        const { body } = await app.get('runs');
        const runs = body.value as readonly Record<string, unknown>[];
        expect(runs.filter(({ status }) => status === 'completed').length).toBeGreaterThan(1);
        expect(new Set(runs.map(({ trigger }) => trigger))).toEqual(new Set(['overdue']));
      });
    } finally {
      await app.host.close();
    }
  });
});
