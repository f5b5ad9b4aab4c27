// Several scopes in one app: each has its own identity, list, runs, drift and alerts, and none disturbs another.
import { randomUUID } from 'node:crypto';
import { TableServiceClient } from '@azure/data-tables';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { createHealthLook } from '../../src/reads/healthLook.ts';
import { listDrift } from '../../src/reads/history.ts';
import { listMailboxes } from '../../src/reads/mailboxes.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { takerOf } from '../../src/runs/foreignMessage.ts';
import { pollScopes } from '../../src/runs/pollScopes.ts';
import { DEAD_PORT } from '../support/emulator.ts';
import { startApp } from '../support/localApp.ts';
import { asScopes, createApps, startWorld, type TestApp, type World } from '../support/world.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const SALES = 'sales@contoso.example';
const HR = 'hr@contoso.example';

let world: World;
let webhook: string;
/** Client ids: new ones for each test, because the identity library keeps tokens as long as its process lives. */
let ids: { readonly crm: string; readonly team: string };

beforeAll(async () => {
  world = await startWorld();
  webhook = `${world.tenant.sandbox.url}/sandbox/webhook`;
});

afterAll(() => world.close());

beforeEach(async () => {
  ids = { crm: randomUUID(), team: randomUUID() };
  await world.tenant.put('apps', { apps: [ids.crm, ids.team] });
  await world.tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
  await close(ids.crm);
  await close(ids.team);
  await world.tenant.put('roles', { app: ids.crm, roles: ['Mail.ReadBasic.All'] });
  await world.tenant.put('roles', { app: ids.team, roles: ['Calendars.ReadBasic.All'] });
});

const close = (app: string) =>
  world.tenant.put('policy', { app, mechanism: 'application-access-policy', members: [SALES] });
const open = (app: string) => world.tenant.put('policy', { app, mechanism: 'none' });

/** Mail of one identity, mail of a second, and calendars of a third. */
const three = (more: Record<string, string> = {}) =>
  world.settings({
    SCOPES: 'default, crm, team',
    ALERT_WEBHOOK_URL: webhook,
    crm__ALLOWED_MAILBOXES: SALES,
    crm__DENIED_MAILBOXES: `${CCH} ${HR}`,
    crm__AZURE_CLIENT_ID: ids.crm,
    team__ALLOWED_MAILBOXES: SALES,
    team__DENIED_MAILBOXES: CCH,
    team__AZURE_CLIENT_ID: ids.team,
    team__GRAPH_RESOURCE: 'calendar',
    ...more,
  });

/** One tick: all runs, shards and alerts. */
async function tick(apps: [TestApp, ...TestApp[]], minutes = 15): Promise<void> {
  for (const app of apps) app.advance(minutes * 60_000);
  await pollScopes(asScopes(...apps));
  await work(apps);
}

async function work(apps: [TestApp, ...TestApp[]]): Promise<void> {
  for (const app of apps) {
    for (const message of app.sent.splice(0)) await doShard(app, message);
    for (const runId of app.alerts.splice(0)) await deliverAlert(app, { runId });
  }
}

/** The verdicts of each scope, as in `crm: breach compliant`. */
const verdictsOf = async (apps: readonly TestApp[]) =>
  Promise.all(
    apps.map(async (app) => {
      const { items } = await listMailboxes(app, { startsWith: '', expectation: 'denied' }, 100, '');
      return `${app.scope}: ${items.map(({ verdict }) => verdict).join(' ')}`;
    }),
  );
const openDriftOf = async (app: TestApp) => (await listDrift(app, { open: true }, 100, '')).items;

interface Event {
  readonly id: string;
  readonly subject: string;
  readonly data: { readonly headline: string };
}
const received = async () => {
  const answer = await fetch(`${world.tenant.sandbox.url}/sandbox/alerts`);
  const { value } = (await answer.json()) as { value: { body: Event }[] };
  return value.map(({ body }) => body);
};

describe('three scopes', () => {
  it('tell the story of a breach, each its own', async () => {
    await world.tenant.put('receiver', {});
    const apps = createApps(three());
    const [main, crm, team] = apps as unknown as [TestApp, TestApp, TestApp];
    await tick(apps);
    expect(await verdictsOf(apps)).toEqual(['default: compliant', 'crm: compliant compliant', 'team: compliant']);

    await open(ids.crm);
    await tick(apps);
    expect(await verdictsOf(apps)).toEqual(['default: compliant', 'crm: breach breach', 'team: compliant']);
    await open(ids.team);
    await tick(apps);
    expect(await verdictsOf(apps)).toEqual(['default: compliant', 'crm: breach breach', 'team: breach']);
    expect(await openDriftOf(main)).toEqual([]);
    expect((await openDriftOf(crm)).map(({ mailbox }) => mailbox)).toEqual([CCH, HR]);
    expect((await openDriftOf(team)).map(({ mailbox }) => mailbox)).toEqual([CCH]);

    await close(ids.crm);
    await tick(apps);
    expect(await verdictsOf(apps)).toEqual(['default: compliant', 'crm: compliant compliant', 'team: breach']);

    const [latest] = (await listRuns(crm, 1, '')).items;
    const alerts = (await received()).slice(-3);
    expect(alerts.map(({ subject, data }) => `${subject} ${data.headline}`)).toEqual([
      'crm Mailscope (crm): 2 breaches opened',
      'team Mailscope (team): 1 breach opened',
      'crm Mailscope (crm): 2 breaches recovered',
    ]);
    expect(alerts[2]?.id).toBe(`crm:${latest?.id}`);
  });

  it('have tables of their own, and those of default have no prefix', async () => {
    const settings = three();
    await tick(createApps(settings));
    const service = TableServiceClient.fromConnectionString(settings.AzureWebJobsStorage ?? '', {
      allowInsecureConnection: true,
    });
    const names: string[] = [];
    for await (const { name = '' } of service.listTables()) names.push(name.replace(/\d{6}$/, ''));
    expect(names.sort()).toEqual(
      ['Mailboxes', 'Observations', 'Runs'].flatMap((name) => [name, `crm${name}`, `team${name}`]).sort(),
    );
  });

  it('say in every log line which scope it is about', async () => {
    const apps = createApps(three());
    await tick(apps);
    const [{ logs }] = apps;
    expect(logs.every(({ scope }) => ['default', 'crm', 'team'].includes(String(scope)))).toBe(true);
    expect(new Set(logs.map(({ scope }) => scope)).size).toBe(3);
  });

  it('put all shards on the queue', async () => {
    const apps = createApps(three());
    await pollScopes(asScopes(...apps));
    expect(apps.map(({ sent }) => sent.length)).toEqual([1, 1, 1]);
  });
});

describe('a scope that is broken', () => {
  it.each([
    ['by its list', { crm__DENIED_MAILBOXES: 'no mailbox' }, 'crm__DENIED_MAILBOXES', 'malformed'],
    ['by its identity', { crm__GRAPH_IDENTITY: 'app-registration' }, 'crm__AZURE_TENANT_ID', 'missing'],
    ['by a setting that it cannot have', { crm__SHARD_SIZE: '5' }, 'crm__SHARD_SIZE', 'contradictory'],
  ])('%s does not stop the others', async (_, more, setting, fault) => {
    const apps = createApps(three(more));
    await expect(tick(apps)).rejects.toMatchObject({ code: 'configuration-invalid' });
    await work(apps);
    expect(await verdictsOf([apps[0], apps[2] as TestApp])).toEqual(['default: compliant', 'team: compliant']);
    const health = await createHealthLook()(asScopes(...apps));
    expect(health).toMatchObject({ status: 'unhealthy', lastCompletedRun: null });
    expect(health.problems[0]).toEqual({ code: 'configuration-invalid', setting, fault, scope: 'crm' });
    expect(new Set(health.problems.map(({ scope }) => scope))).toEqual(new Set(['crm']));
    expect(apps[0].logs.filter(({ event }) => event === 'poll.failed')).toMatchObject([{ scope: 'crm' }]);
  });

  it('by its token is the only one that knows nothing', async () => {
    // The tenant does not know this app.
    const apps = createApps(three({ crm__AZURE_CLIENT_ID: randomUUID() }));
    await tick(apps);
    expect(await verdictsOf(apps)).toEqual(['default: compliant', 'crm: pending pending', 'team: compliant']);
    const { problems } = await createHealthLook()(asScopes(...apps));
    expect(problems.map(({ code, scope }) => `${scope} ${code}`)).toEqual([
      'crm identity-unavailable',
      'crm control-not-held',
    ]);
  });
});

describe('health of several scopes', () => {
  it('is healthy when every scope is, and names the run of the scope whose is oldest', async () => {
    const apps = createApps(three());
    await tick(apps);
    const oldest = (await listRuns(apps[0], 1, '')).items[0]?.id;
    const [, crm, team] = apps as unknown as [TestApp, TestApp, TestApp];
    for (const app of apps) app.advance(60_000);
    await pollScopes(asScopes(crm, team));
    await work([crm, team]);
    const health = await createHealthLook()(asScopes(...apps));
    expect(health).toMatchObject({ status: 'healthy', problems: [], lastCompletedRun: oldest });
  });

  it('starts the runs that are overdue, in each scope', async () => {
    const apps = createApps(three());
    await tick(apps);
    for (const app of apps) app.advance(31 * 60_000);
    const look = createHealthLook();
    expect((await look(asScopes(...apps))).problems.map(({ code, scope }) => `${scope} ${code}`)).toEqual([
      'default run-overdue',
      'crm run-overdue',
      'team run-overdue',
    ]);
    await work(apps);
    expect(await createHealthLook()(asScopes(...apps))).toMatchObject({ status: 'healthy' });
  });
});

describe('a message', () => {
  const shard = { runId: '20261123T081500Z-1', shard: 0, listHash: 'x' };

  it('of an earlier version, without a scope, is for default', async () => {
    const apps = createApps(three());
    expect(await takerOf(asScopes(...apps), 'poll-shards', shard)).toBe(apps[0]);
  });

  it('of a scope that is not listed goes back to the queue, for an instance that knows it, and is dropped at last', async () => {
    const apps = createApps(three());
    for (const returned of [undefined, 19, 20])
      expect(await takerOf(asScopes(...apps), 'poll-shards', { ...shard, scope: 'gone', returned })).toBeNull();
    expect(apps[0].returned.map(({ message }) => message)).toEqual([
      { ...shard, scope: 'gone', returned: 1 },
      { ...shard, scope: 'gone', returned: 20 },
    ]);
    expect(apps[0].logs.at(-1)).toMatchObject({ event: 'message.dropped', queue: 'poll-shards', scope: 'gone' });
  });

  it('of another app goes back, also when the first scope has bad settings', async () => {
    const apps = createApps(three({ default__LOCKOUT_AFTER_RUNS: 'x' }));
    const message = { ...shard, scope: 'crm', owner: 'another app' };
    expect(await takerOf(asScopes(...apps), 'poll-shards', message)).toBeNull();
    expect(apps[1]?.returned).toEqual([{ queue: 'poll-shards', message: { ...message, returned: 1 } }]);
  });
});

it('what a route could not do is in the log with its scope', async () => {
  const app = await startApp(three({ AzureWebJobsStorage: emulatorConnection(DEAD_PORT) }));
  try {
    expect(await app.get('runs?scope=crm')).toMatchObject({ status: 503, body: { code: 'storage-unavailable' } });
    expect(app.logs.filter((line) => line.includes('invocation.refused')).join()).toContain('"scope":"crm"');
  } finally {
    await app.host.close();
  }
});

it('scopes with the same identity share a token, and others have their own', async () => {
  const { requests } = await world.tenant.state();
  const before = requests.byKind.token ?? 0;
  const apps = createApps(three({ crm__AZURE_CLIENT_ID: ids.team, team__GRAPH_RESOURCE: 'mail' }));
  await world.tenant.put('roles', { app: ids.team, roles: ['Mail.ReadBasic.All'] });
  await tick(apps.slice(1) as [TestApp, ...TestApp[]]);
  expect(await verdictsOf(apps.slice(1))).toEqual(['crm: compliant compliant', 'team: compliant']);
  expect(((await world.tenant.state()).requests.byKind.token ?? 0) - before).toBe(1);
});

it('fifty scopes are watched side by side', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
  const apps = createApps(world.settings({ SCOPES: names.join(' ') }));
  await tick(apps);
  expect(new Set((await verdictsOf(apps)).map((line) => line.split(': ')[1]))).toEqual(new Set(['compliant']));
  expect((await createHealthLook()(asScopes(...apps))).status).toBe('healthy');
});

/** What a history does before each tick: the policy of one app opens or closes, or a scope has no token. */
interface Step {
  readonly scope: 'crm' | 'team';
  readonly opened: boolean;
}

it('random histories of several scopes are each as if the others were not there', async () => {
  const step = fc.record<Step>({ scope: fc.constantFrom('crm', 'team'), opened: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      await close(ids.crm);
      await close(ids.team);
      const apps = createApps(three());
      const isOpen = { crm: false, team: false };
      const opened = { crm: 0, team: 0 };
      await tick(apps);
      for (const { scope, opened: opens } of steps) {
        await (opens ? open : close)(ids[scope]);
        if (opens && !isOpen[scope]) opened[scope] += 1;
        isOpen[scope] = opens;
        await tick(apps);
        const word = (name: 'crm' | 'team') => (isOpen[name] ? 'breach' : 'compliant');
        expect(await verdictsOf(apps)).toEqual([
          'default: compliant',
          `crm: ${word('crm')} ${word('crm')}`,
          `team: ${word('team')}`,
        ]);
      }
      const [main, crm, team] = apps as unknown as [TestApp, TestApp, TestApp];
      expect((await listDrift(main, {}, 100, '')).items).toEqual([]);
      expect((await listDrift(crm, {}, 100, '')).items).toHaveLength(opened.crm * 2);
      expect((await listDrift(team, {}, 100, '')).items).toHaveLength(opened.team);
    }),
    { numRuns: 4 },
  );
});
