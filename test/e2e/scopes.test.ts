// Three scopes under the local host: kill -9 while all are at work, one without a token, and the scope in routes and links.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Monitor, startMonitor } from '../support/monitor.ts';
import { until } from '../support/until.ts';

const MAILBOXES = 60;
const APPS = { crm: '11111111-0000-4000-a000-000000000001', hr: '11111111-0000-4000-a000-000000000002' };
const NAMES = ['default', 'crm', 'hr'] as const;
const POLICY = { mechanism: 'application-access-policy', members: ['support@contoso.example'] };

let monitor: Monitor;

beforeAll(async () => {
  const settings = {
    SHARD_SIZE: '20',
    SCOPES: NAMES.join(),
    crm__AZURE_CLIENT_ID: APPS.crm,
    hr__AZURE_CLIENT_ID: APPS.hr,
  };
  monitor = await startMonitor({ mailboxes: MAILBOXES, settings });
  await monitor.tenant.put('apps', { apps: Object.values(APPS) });
  for (const app of Object.values(APPS)) await monitor.tenant.put('roles', { app, roles: ['Mail.ReadBasic.All'] });
});

afterAll(() => monitor.close());

beforeEach(async () => {
  await monitor.tenant.put('faults', {});
  await monitor.tenant.put('policy', POLICY);
  for (const app of Object.values(APPS)) await monitor.tenant.put('policy', { app, ...POLICY });
});

/** A run of every scope, side by side; the process is killed this many milliseconds after the last one began. */
async function runAll(killAfterMs: number | null): Promise<Record<string, unknown>[]> {
  const ids = await Promise.all(NAMES.map((scope) => monitor.startRun(scope)));
  if (killAfterMs !== null) {
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    await monitor.kill(0);
  }
  return Promise.all(ids.map((id, index) => monitor.completed(id, NAMES[index])));
}

it('kill -9 with three scopes at work loses and mixes up nothing', { timeout: 300_000 }, async () => {
  await runAll(null);
  for (const [round, open] of [true, false, true].entries()) {
    await monitor.tenant.put('policy', { app: APPS.crm, ...(open ? { mechanism: 'none' } : POLICY) });
    const [main, crm, hr] = await runAll(20 + round * 60);
    const quiet = { controlHeld: true, opened: 0, closed: 0, verdicts: { breach: 0, compliant: MAILBOXES + 1 } };
    expect(main).toMatchObject(quiet);
    expect(hr).toMatchObject(quiet);
    expect(crm).toMatchObject({ opened: open ? MAILBOXES : 0, closed: open ? 0 : MAILBOXES });
  }
  for (const scope of ['default', 'hr']) expect(await monitor.everything(`drift?scope=${scope}&`)).toEqual([]);
  const drift = await monitor.everything('drift?scope=crm&');
  expect(drift).toHaveLength(MAILBOXES * 2);
  expect(new Set(drift.map(({ id }) => id)).size).toBe(drift.length);
});

it('a scope whose token never comes does not hold up the others', { timeout: 300_000 }, async () => {
  await monitor.tenant.put('faults', { token: { app: APPS.hr, status: 0 } });
  // A process that has no token yet.
  await monitor.kill(0);
  const stuck = await monitor.startRun('hr');
  const [main, crm] = await Promise.all([monitor.startRun(), monitor.startRun('crm')]);
  for (const [id, scope] of [
    [main, 'default'],
    [crm, 'crm'],
  ] as const)
    expect(await monitor.completed(id, scope)).toMatchObject({ controlHeld: true, notSeen: 0 });
  // It waits for its token all this time.
  expect(await monitor.api(`runs/${stuck}?scope=hr`)).toMatchObject({ status: 'running' });
  expect(await monitor.completed(stuck, 'hr')).toMatchObject({
    controlHeld: false,
    outcomes: { readable: 0, refused: 0, inconclusive: MAILBOXES + 1 },
  });
});

describe('?scope=', () => {
  it.each(['gone', '', 'DEFAULT', '../crm', 'crm%00', "crm' or 1 eq 1", 'x'.repeat(5_000)])(
    'is 404 when it is no scope: %j',
    async (name) => {
      for (const path of ['mailboxes', 'drift', 'runs', 'runs/x', 'mailboxes/cch@contoso.example']) {
        const response = await fetch(`${monitor.host.url}/api/${path}?scope=${encodeURIComponent(name)}`);
        expect(response.status).toBe(404);
        const body = (await response.json()) as Record<string, string>;
        expect(body).toMatchObject({ code: 'scope-not-found', instance: `/api/${path}` });
        expect(body.detail?.length).toBeLessThan(150);
      }
    },
  );

  it('stays in the link to the next page and in Location', async () => {
    const page = await monitor.api('mailboxes?scope=crm&top=1');
    expect(new URL(String(page.nextLink)).searchParams.get('scope')).toBe('crm');
    const { location } = await until(async () => {
      const response = await fetch(`${monitor.host.url}/api/runs?scope=crm`, { method: 'POST' });
      expect(response.status).toBe(202);
      return { location: response.headers.get('location') ?? '' };
    });
    expect(new URL(location).search).toBe('?scope=crm');
    const answer = await fetch(location);
    expect(answer.status).toBe(200);
  });

  it('without it, the first scope answers', async () => {
    const [own, named] = await Promise.all([monitor.api('runs?top=1'), monitor.api('runs?top=1&scope=default')]);
    expect(own.value).toEqual(named.value);
  });
});
