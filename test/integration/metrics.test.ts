// Where scopes stand: GET scopes and GET metrics, with several scopes, a dead monitor, and tables of an earlier version.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import parsePrometheus from 'parse-prometheus-text-format';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { openMetricsText } from '../../src/http/openMetrics.ts';
import { chosenScopes } from '../../src/http/scopeOfRequest.ts';
import { listScopes } from '../../src/reads/listScopes.ts';
import { readMetrics } from '../../src/reads/metrics.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { pollScopes } from '../../src/runs/pollScopes.ts';
import { DEAD_PORT } from '../support/emulator.ts';
import { loadTables, type Recording, setClock, storySettings } from '../support/recordedTables.ts';
import { asScopes, createApps, startWorld, type TestApp, type World } from '../support/world.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const HR = 'hr@contoso.example';
const MINUTE = 60_000;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

beforeEach(() => world.tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] }));

const two = (more: Record<string, string> = {}) =>
  createApps(
    world.settings({
      SCOPES: 'default crm',
      crm__ALLOWED_MAILBOXES: SUPPORT,
      crm__DENIED_MAILBOXES: `${CCH} ${HR}`,
      ...more,
    }),
  );

async function runEach(apps: [TestApp, ...TestApp[]]): Promise<void> {
  await pollScopes(asScopes(...apps));
  for (const app of apps) for (const message of app.sent.splice(0)) await doShard(app, message);
}

/** The samples as lines without `mailscope_`, such as `open_drift{crm,breach} 2`. */
async function measured(apps: readonly TestApp[]): Promise<string[]> {
  const families = parsePrometheus(openMetricsText(await readMetrics(apps)));
  return families.flatMap(({ name, metrics }) =>
    metrics.map(
      ({ labels = {}, value }) => `${name.replace('mailscope_', '')}{${Object.values(labels).join()}} ${value}`,
    ),
  );
}

const named = (lines: readonly string[], name: string) => lines.filter((line) => line.startsWith(`${name}{`));

describe('after a run in each of two scopes', () => {
  it('each scope says what it watches and what its run has counted', async () => {
    const apps = two();
    await runEach(apps);
    await world.tenant.put('policy', { mechanism: 'none' });
    for (const app of apps) app.advance(15 * MINUTE);
    await runEach(apps);
    const [first, second] = await listScopes(asScopes(...apps));
    expect(first).toEqual({
      name: 'default',
      resource: 'mail',
      identity: { kind: 'managed-identity', clientId: null },
      mailboxes: { allowed: 1, denied: 1 },
      verdicts: { compliant: 1, breach: 1, lockout: 0, unverified: 0, pending: 0 },
      openDrift: { breach: 1, lockout: 0, unverified: 0 },
      lastCompletedRun: expect.stringMatching(/-2$/),
      controlHeld: true,
      status: 'healthy',
      problems: [],
    });
    expect(second).toMatchObject({ name: 'crm', mailboxes: { allowed: 1, denied: 2 }, openDrift: { breach: 2 } });
    const lines = await measured(apps);
    expect(named(lines, 'mailboxes').filter((line) => !line.endsWith(' 0'))).toEqual([
      'mailboxes{default,allowed,compliant} 1',
      'mailboxes{default,denied,breach} 1',
      'mailboxes{crm,allowed,compliant} 1',
      'mailboxes{crm,denied,breach} 2',
    ]);
    expect(named(lines, 'mailboxes')).toHaveLength(20);
    expect(named(lines, 'open_drift')).toEqual([
      'open_drift{default,breach} 1',
      'open_drift{default,lockout} 0',
      'open_drift{default,unverified} 0',
      'open_drift{crm,breach} 2',
      'open_drift{crm,lockout} 0',
      'open_drift{crm,unverified} 0',
    ]);
    expect(named(lines, 'control_held')).toEqual(['control_held{default} 1', 'control_held{crm} 1']);
    // No webhook, so nobody knows.
    expect(named(lines, 'alert_undelivered')).toEqual([]);
    expect(named(lines, 'run_throttled')).toEqual(['run_throttled{default} 0', 'run_throttled{crm} 0']);
    for (const name of ['proof_age_seconds', 'last_run_timestamp_seconds', 'run_duration_seconds', 'missed_ticks'])
      expect(named(lines, name)).toHaveLength(2);
  });

  it('the proof grows older although nobody proves anything', async () => {
    const [app] = two();
    await runEach([app]);
    const age = async () => Number(named(await measured([app]), 'proof_age_seconds')[0]?.split(' ')[1]);
    const young = await age();
    expect(young).toBeLessThan(60);
    app.advance(10 * MINUTE);
    expect(await age()).toBeGreaterThanOrEqual(young + 600);
    expect(await age()).toBeLessThan(young + 660);
  });

  it('what was compliant is unverified when the run is too old, and open drift stays open', async () => {
    const [app] = two();
    await runEach([app]);
    await world.tenant.put('policy', { mechanism: 'none' });
    app.advance(15 * MINUTE);
    await runEach([app]);
    app.advance(60 * MINUTE);
    const [scope] = await listScopes(asScopes(app));
    expect(scope).toMatchObject({
      verdicts: { compliant: 0, unverified: 1, breach: 1 },
      openDrift: { breach: 1, unverified: 0 },
      status: 'unhealthy',
      problems: [{ code: 'run-overdue' }],
    });
    const mailboxes = named(await measured([app]), 'mailboxes').filter((line) => !line.endsWith(' 0'));
    expect(mailboxes).toEqual(['mailboxes{default,allowed,unverified} 1', 'mailboxes{default,denied,breach} 1']);
  });
});

describe('what is not known', () => {
  it('before the first run is null, and has no sample', async () => {
    const [app] = two();
    const [scope] = await listScopes(asScopes(app));
    expect(scope).toMatchObject({
      mailboxes: { allowed: 1, denied: 1 },
      verdicts: null,
      openDrift: null,
      lastCompletedRun: null,
      controlHeld: null,
      problems: [{ code: 'no-run-yet' }],
    });
    expect(await measured([app])).toEqual([]);
  });

  it('of a scope with bad settings is null, and the other scope answers', async () => {
    const apps = two({ crm__LOCKOUT_AFTER_RUNS: 'many' });
    await runEach([apps[0]]);
    const scopes = asScopes(...apps);
    const [first, second] = await listScopes(scopes);
    expect(first).toMatchObject({ name: 'default', status: 'healthy', verdicts: { compliant: 2 } });
    expect(second).toEqual({
      name: 'crm',
      resource: null,
      identity: null,
      mailboxes: null,
      verdicts: null,
      openDrift: null,
      lastCompletedRun: null,
      controlHeld: null,
      status: 'unhealthy',
      problems: [{ code: 'configuration-invalid', setting: 'crm__LOCKOUT_AFTER_RUNS', fault: 'malformed' }],
    });
    expect(named(await measured(apps), 'control_held')).toEqual(['control_held{default} 1']);
    await expect(chosenScopes(scopes, 'crm')).rejects.toMatchObject({ code: 'configuration-invalid' });
    await expect(chosenScopes(scopes, 'other')).rejects.toMatchObject({ code: 'scope-not-found' });
    expect(await chosenScopes(scopes, undefined)).toEqual(apps);
  });

  it('of a scope whose list has faults has no sample, and the other scope answers', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'mailscope-')), 'list.csv');
    await writeFile(file, `mailbox,expectation\n${HR},denied\n`);
    const apps = two({ crm__MAILBOXES_FILE: file });
    await runEach(apps);
    expect(named(await measured(apps), 'control_held')).toHaveLength(2);
    await writeFile(file, `mailbox,expectation\n${HR},perhaps\n`);
    for (const app of apps) app.advance(MINUTE);
    const lines = await measured(apps);
    expect(named(lines, 'control_held')).toEqual(['control_held{default} 1']);
    expect(lines.filter((line) => line.includes('{crm'))).toEqual([]);
    await rm(dirname(file), { recursive: true });
  });

  it('because storage does not answer is null, and fails the metrics', async () => {
    const dead = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:${DEAD_PORT}/a;QueueEndpoint=http://127.0.0.1:${DEAD_PORT + 1}/a;BlobEndpoint=http://127.0.0.1:${DEAD_PORT + 2}/a;`;
    const [app] = createApps(world.settings({ AzureWebJobsStorage: dead }));
    const [scope] = await listScopes(asScopes(app));
    expect(scope).toMatchObject({
      mailboxes: { denied: 1 },
      verdicts: null,
      problems: [{ code: 'storage-unavailable' }],
    });
    await expect(readMetrics([app])).rejects.toMatchObject({ code: 'storage-unavailable' });
  });

  it('of a run of an earlier version has no sample, and what it has counted is answered', async () => {
    const file = new URL('../fixtures/tables/beforeMissedTicks.json', import.meta.url);
    const before = JSON.parse(readFileSync(file, 'utf8')) as Recording;
    const settings = storySettings(world);
    await loadTables(settings.AzureWebJobsStorage ?? '', before.tables);
    const [app] = createApps(settings);
    setClock(app, before.endedAt);
    const lines = await measured([app]);
    for (const name of ['mailboxes', 'proof_age_seconds', 'missed_ticks']) expect(named(lines, name)).toEqual([]);
    expect(named(lines, 'open_drift')).toHaveLength(3);
    const [scope] = await listScopes(asScopes(app));
    expect(Object.values(scope?.verdicts ?? {}).reduce((sum, count) => sum + count, 0)).toBe(7);
  });
});

describe('an alert that the webhook does not accept', () => {
  it('is 1 until it does', async () => {
    const [app] = createApps(world.settings({ ALERT_WEBHOOK_URL: `${world.tenant.sandbox.url}/sandbox/webhook` }));
    const undelivered = async () => named(await measured([app]), 'alert_undelivered');
    await world.tenant.put('policy', { mechanism: 'none' });
    await runEach([app]);
    // Nobody has tried to deliver one.
    expect(await undelivered()).toEqual([]);
    const [runId = ''] = app.alerts;
    await world.tenant.put('receiver', { status: 400 });
    await deliverAlert(app, { runId });
    expect(await undelivered()).toEqual(['alert_undelivered{default} 1']);
    await world.tenant.put('receiver', {});
    app.advance(MINUTE);
    await deliverAlert(app, { runId });
    expect(await undelivered()).toEqual(['alert_undelivered{default} 0']);
  });
});
