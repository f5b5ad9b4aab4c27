// Bad days of a deployment: storage that goes and comes back, copies of tables, two versions at once, a new identity.
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TableClient, type TableEntity, TableServiceClient } from '@azure/data-tables';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../scripts/shared/ports.ts';
import { startStorage } from '../../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { health } from '../../src/reads/health.ts';
import { createHealthLook } from '../../src/reads/healthLook.ts';
import { listDrift } from '../../src/reads/history.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { poll } from '../../src/runs/poll.ts';
import { planRun } from '../../src/runs/startRun.ts';
import { type App, startApp, startServer } from '../support/localApp.ts';
import { announced, startMonitor } from '../support/monitor.ts';
import { until } from '../support/until.ts';
import { asScopes, createApp, startWorld, type TestApp, type World } from '../support/world.ts';

const SUPPORT = 'support@contoso.example';
const MINUTE = 60_000;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

beforeEach(() => restorePolicy());

const restorePolicy = () => world.tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
const removePolicy = () => world.tenant.put('policy', { mechanism: 'none' });

const openDrift = async (app: TestApp) => (await listDrift(app, { open: true }, 10, '')).items;
const runsOf = async (app: TestApp) => (await listRuns(app, 20, '')).items;
const numbersOf = async (app: TestApp) => (await runsOf(app)).map(({ number }) => number);
const problemsOf = async (app: TestApp) => (await health(app)).problems.map((one) => one.code);

/** Storage that keeps its data while it is stopped, on a port of its own. */
async function startLasting() {
  const dataDir = await mkdtemp(join(tmpdir(), 'mailscope-'));
  const port = await freePorts(3);
  const start = () => startStorage({ port, dataDir, log: () => undefined });
  let part = await start();
  return {
    connection: emulatorConnection(port),
    stop: () => part.stop(),
    async restart() {
      part = await start();
    },
    async close() {
      await part.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

describe('storage that is gone for an hour', () => {
  it('leaves drift open, resumes a shard that was under way, and is named by health in between', async () => {
    const storage = await startLasting();
    try {
      const settings = world.settings({ AzureWebJobsStorage: storage.connection });
      const app = createApp(settings);
      await removePolicy();
      await poll(app);
      const before = await openDrift(app);
      expect(before).toMatchObject([{ kind: 'breach', mailbox: 'cch@contoso.example' }]);
      const { run } = await planRun(app, 'request');

      await storage.stop();
      const message = { runId: run.id, shard: 0, listHash: run.listHash };
      await expect(doShard(app, message)).rejects.toMatchObject({ code: 'storage-unavailable' });
      expect(await problemsOf(app)).toEqual(['storage-unavailable']);
      await storage.restart();
      await doShard(app, message);
      expect(await runsOf(app)).toMatchObject([{ number: 2, status: 'completed' }, { number: 1 }]);

      await storage.stop();
      app.advance(60 * MINUTE);
      await expect(poll(app)).rejects.toMatchObject({ code: 'storage-unavailable' });
      await storage.restart();
      expect(await createHealthLook()(asScopes(app))).toMatchObject({ problems: [{ code: 'run-overdue' }] });
      for (const one of app.sent.splice(0)) await doShard(app, one);
      expect(await problemsOf(app)).toEqual([]);
      expect(await openDrift(app)).toEqual(before);
    } finally {
      await storage.close();
    }
  });

  it('stops no app: it goes on by itself', async () => {
    const storage = await startLasting();
    const app = await startApp({
      ...world.settings({ AzureWebJobsStorage: storage.connection, POLL_SCHEDULE: '* * * * * *', SHARD_SIZE: '1' }),
      PATH: process.env.PATH,
      AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
      AzureFunctionsJobHost__extensions__queues__visibilityTimeout: '00:00:01',
    });
    const lastCompleted = async () => String((await app.get('health')).body.lastCompletedRun);
    try {
      const first = await until(async () => {
        const id = await lastCompleted();
        expect(id).toMatch(/-\d+$/);
        return id;
      });
      await storage.stop();
      await until(async () => {
        const { status, body } = await app.get('health');
        expect({ status, body }).toMatchObject({ status: 503, body: { problems: [{ code: 'storage-unavailable' }] } });
      });
      await storage.restart();
      await until(async () => {
        const { status, body } = await app.get('health');
        expect(status).toBe(200);
        expect(Number(String(body.lastCompletedRun).split('-')[1])).toBeGreaterThan(Number(first.split('-')[1]));
      });
    } finally {
      await app.host.close();
      await storage.close();
    }
  });
});

type Copy = ReadonlyMap<string, readonly TableEntity[]>;

/** The tables of an app, copied, deleted and brought back as an administrator does it. */
function tablesOf(app: TestApp) {
  const { storage } = app.settings();
  const connection = storage.kind === 'connection-string' ? storage.value.reveal() : '';
  const options = { allowInsecureConnection: true };
  const service = TableServiceClient.fromConnectionString(connection, options);
  const table = (name: string) => TableClient.fromConnectionString(connection, name, options);
  return {
    async copy(): Promise<Copy> {
      const copied = new Map<string, TableEntity[]>();
      for await (const { name = '' } of service.listTables()) {
        const rows: TableEntity[] = [];
        for await (const { etag: _, timestamp: __, ...row } of table(name).listEntities())
          rows.push(row as TableEntity);
        copied.set(name, rows);
      }
      return copied;
    },
    async remove(prefix = ''): Promise<void> {
      for await (const { name = '' } of service.listTables())
        if (name.startsWith(prefix)) await table(name).deleteTable();
    },
    /** Writes the rows over what is there. */
    async restore(copy: Copy, prefix = ''): Promise<void> {
      for (const [name, rows] of copy) {
        if (!name.startsWith(prefix)) continue;
        await table(name).createTable();
        for (const row of rows) await table(name).upsertEntity(row, 'Replace');
      }
    },
  };
}

/** Alerts that the tenant's receiver accepted. */
async function deliveredAfter(app: TestApp): Promise<number> {
  for (const runId of app.alerts.splice(0)) await deliverAlert(app, { runId });
  const answer = await fetch(`${world.tenant.sandbox.url}/sandbox/alerts`);
  return ((await answer.json()) as { readonly value: readonly object[] }).value.length;
}

describe('tables', () => {
  const watched = () => ({ ALERT_WEBHOOK_URL: `${world.tenant.sandbox.url}/sandbox/webhook` });

  it('that were all deleted are made again, and what is open is announced again', async () => {
    const app = createApp(world.settings(watched()));
    await removePolicy();
    await poll(app);
    const before = await deliveredAfter(app);
    await tablesOf(app).remove();
    expect(await problemsOf(app)).toContain('no-run-yet');
    // The process has made the tables once, and notices with its first write that they are gone.
    await expect(poll(app)).rejects.toMatchObject({ code: 'storage-unavailable' });
    await poll(app);
    expect(await openDrift(app)).toMatchObject([{ kind: 'breach' }]);
    expect(await problemsOf(app)).toEqual([]);
    expect(await deliveredAfter(app)).toBe(before + 1);
  });

  it('that all came back from an older copy: runs go on after the newest of the copy, and no drift is lost', async () => {
    const app = createApp(world.settings(watched()));
    await poll(app);
    const tables = tablesOf(app);
    const copy = await tables.copy();
    await removePolicy();
    await poll(app);
    await poll(app);
    const before = await deliveredAfter(app);
    await tables.remove();
    await tables.restore(copy);
    expect(await openDrift(app)).toEqual([]);
    await poll(app);
    expect(await numbersOf(app)).toEqual([2, 1]);
    expect(await openDrift(app)).toMatchObject([{ kind: 'breach', openedRun: 2 }]);
    expect(await deliveredAfter(app)).toBe(before + 1);
  });

  it.each(['Runs', 'Mailboxes', 'Observations'])(
    'of which %s alone came back from an older copy: two runs later a breach is seen',
    async (name) => {
      const app = createApp(world.settings());
      await poll(app);
      const tables = tablesOf(app);
      const copy = await tables.copy();
      for (let run = 2; run <= 4; run += 1) await poll(app);
      await tables.remove(name);
      await tables.restore(copy, name);
      await removePolicy();
      await poll(app);
      await poll(app);
      expect(await openDrift(app)).toMatchObject([{ kind: 'breach' }]);
      expect(await problemsOf(app)).toEqual([]);
      expect((await runsOf(app))[0]).toMatchObject({ status: 'completed', verdicts: { breach: 1, compliant: 1 } });
    },
  );

  it('of which only observations are newer: an answer of a run that is no longer on record proves nothing', async () => {
    const app = createApp(world.settings());
    await poll(app);
    const tables = tablesOf(app);
    const copy = await tables.copy();
    await poll(app);
    for (const name of ['Runs', 'Mailboxes']) {
      await tables.remove(name);
      await tables.restore(copy, name);
    }
    app.advance(15 * MINUTE);
    await removePolicy();
    await poll(app);
    expect(await openDrift(app)).toMatchObject([{ kind: 'breach', openedRun: 2 }]);
  });

  it('over which an older copy was written: a run gets a number that none has had', async () => {
    const app = createApp(world.settings());
    await poll(app);
    const tables = tablesOf(app);
    const copy = await tables.copy();
    await poll(app);
    await poll(app);
    await tables.restore(copy);
    await removePolicy();
    await poll(app);
    expect(await numbersOf(app)).toEqual([4, 3, 2, 1]);
    expect(await openDrift(app)).toMatchObject([{ kind: 'breach', openedRun: 4 }]);
  });
});

describe('two versions of an app side by side, while one is deployed', () => {
  it('share the runs, and each drift is there once', async () => {
    const settings = world.settings({
      OWNER: 'production',
      DENIED_MAILBOXES: 'cch@contoso.example hr@contoso.example',
    });
    const old = createApp(settings);
    const fresh = createApp({ ...settings, RETENTION_MONTHS: '6', ALERT_REMINDER_HOURS: '1' });
    await poll(old);
    await removePolicy();
    for (let round = 0; round < 5; round += 1) await Promise.all([poll(old), poll(fresh)]);
    const runs = await runsOf(fresh);
    expect(runs.map(({ number }) => number)).toEqual(runs.map((_, index) => runs.length - index));
    expect(runs.every(({ status }) => status === 'completed')).toBe(true);
    const drift = (await listDrift(fresh, { open: false }, 10, '')).items;
    expect([await openDrift(fresh), drift]).toMatchObject([[{ openedRun: 2 }, { openedRun: 2 }], []]);
    expect([...old.logs, ...fresh.logs].filter(({ event }) => event === 'drift.opened')).toHaveLength(2);
  });
});

describe('an identity that was replaced', () => {
  it('proves nothing and closes nothing while the platform gives its old token, and then needs no restart', async () => {
    let isOld = false;
    const identities = await startServer(({ url, headers }, response) => {
      const path = `/msi/token?${new URL(url ?? '', 'http://here').searchParams}`;
      request({ host: '127.0.0.1', port: world.tenant.sandbox.port, path, headers }, async (answer) => {
        const body = JSON.parse(await text(answer));
        // Graph knows no token of the old identity.
        if (isOld) body.access_token = body.access_token.replace(/[^.]+$/, 'c2lnbmVkIGJ5IG5vYm9keQ');
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(body));
      }).end();
    });
    const settings = {
      ...world.settings({ POLL_SCHEDULE: '0 0 0 1 1 *' }),
      PATH: process.env.PATH,
      IDENTITY_ENDPOINT: `${identities}/msi/token`,
      AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
    };
    const runIn = async (app: App) => {
      const answer = await fetch(`${app.host.url}/api/runs`, { method: 'POST' });
      const { id } = (await answer.json()) as { readonly id: string };
      return until(async () => {
        const { body } = await app.get(`runs/${id}`);
        expect(body).toMatchObject({ status: 'completed' });
        return body;
      });
    };
    const driftIn = async (app: App) => (await app.get('drift?open=true')).body.value;

    await removePolicy();
    const before = await startApp(settings);
    await runIn(before);
    const open = await driftIn(before);
    expect(open).toMatchObject([{ kind: 'breach' }]);
    await before.host.close();

    isOld = true;
    const after = await startApp(settings);
    try {
      expect(await runIn(after)).toMatchObject({ controlHeld: false, outcomes: { inconclusive: 2 } });
      expect((await after.get('health')).body.problems).toMatchObject([{ code: 'control-not-held' }]);
      expect(await driftIn(after)).toEqual(open);

      isOld = false;
      await restorePolicy();
      expect(await runIn(after)).toMatchObject({ controlHeld: true, verdicts: { compliant: 2 } });
      expect(await driftIn(after)).toEqual([]);
    } finally {
      await after.host.close();
    }
  });
});

describe('an instance limit of one', () => {
  it('is enough: one process does the timer, all shards and the alert', async () => {
    const monitor = await startMonitor({ mailboxes: 60, instances: 1, settings: { SHARD_SIZE: '2' } });
    try {
      await monitor.tenant.put('policy', { mechanism: 'none' });
      const run = await monitor.completed(await monitor.startRun());
      expect(run).toMatchObject({ shards: 31, verdicts: { breach: 60, compliant: 1 } });
      await until(async () => expect(announced(await monitor.alerts(), 'opened')).toBe(60));
    } finally {
      await monitor.close();
    }
  });
});
