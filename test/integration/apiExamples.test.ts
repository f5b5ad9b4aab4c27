// The examples of docs/api.md are what the app answers. What differs from run to run is masked.
//
// To write them anew: WRITE_EXAMPLES=1 npx vitest run test/integration/apiExamples.test.ts, then npm run api
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiExample } from '../../scripts/shared/apiPage.ts';
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, ROOT, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { until } from '../support/until.ts';

const FILE = join(ROOT, 'test/fixtures/apiExamples.json');
/** What is asked of each route. `{id}` is the run. */
const QUESTIONS: Readonly<Record<string, string>> = {
  latestSubject: 'mailboxes/support@contoso.example/latest-subject',
  listMailboxes: 'mailboxes?expectation=denied&top=1',
  getMailbox: 'mailboxes/support@contoso.example',
  mailboxHistory: 'mailboxes/cch@contoso.example/history?from=2026-11-01&top=1',
  listDrift: 'drift?open=true&top=1',
  listRuns: 'runs?format=csv',
  getRun: 'runs/{id}',
  startRun: 'runs',
  listScopes: 'scopes',
  metrics: 'metrics',
  health: 'health',
  openApi: 'openapi.json',
};

let tenant: Switches;
let emulator: Emulator;
let app: App;
let runId: string;

beforeAll(async () => {
  [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  await tenant.put('policy', { mechanism: 'none' });
  app = await startApp({
    ...settingsFor(tenant.sandbox.url),
    ALLOWED_MAILBOXES: 'support@contoso.example',
    DENIED_MAILBOXES: 'cch@contoso.example hr@contoso.example',
    PROPAGATION_MINUTES: '0',
    // Nothing but the test starts a run.
    POLL_SCHEDULE: '0 0 0 1 1 *',
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
  });
});

afterAll(async () => {
  await app.host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

async function example(name: string): Promise<ApiExample> {
  const { method = 'GET' } = EVERY_ROUTE.find((route) => route.name === name) ?? {};
  const path = (QUESTIONS[name] ?? '').replace('{id}', runId);
  const answer = await fetch(`${app.host.url}/api/${path}`, { method });
  const type = answer.headers.get('content-type') ?? '';
  const text = await answer.text();
  if (name === 'startRun') runId = String((JSON.parse(text) as { readonly id: string }).id);
  const body = type.endsWith('json') ? JSON.stringify(begin(name, JSON.parse(text)), null, 2) : text;
  const own = Object.keys(EVERY_ROUTE.find((route) => route.name === name)?.headers ?? {});
  const headers = own.flatMap((header) => {
    const value = answer.headers.get(header);
    return value === null ? [] : [`${header}: ${masked(value)}`];
  });
  return { method, path: masked(path), status: answer.status, type, headers, body: masked(body) };
}

/** The document is long, so the page shows how it begins. */
function begin(name: string, body: Readonly<Record<string, unknown>>): unknown {
  return name === 'openApi' ? { openapi: body.openapi, info: body.info } : body;
}

/** Times, ids, ports and durations are the same in each example. */
function masked(text: string): string {
  return text
    .replaceAll(app.host.url, 'http://127.0.0.1:7071')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '2026-11-23T08:15:00.000Z')
    .replaceAll(/\d{8}T\d{6}Z-(\d+)/g, '20261123T081500Z-$1')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '7d5c2a0e-3f41-4b7c-9a57-2f1f0d6c8e11')
    .replaceAll(/("durationMs": )\d+/g, '$112')
    .replaceAll(/^(mailscope_proof_age_seconds\{.*\}) [\d.]+$/gm, '$1 431.6')
    .replaceAll(/^(mailscope_run_duration_seconds\{.*\}) [\d.]+$/gm, '$1 1.3')
    .replaceAll(/^(mailscope_last_run_timestamp_seconds\{.*\}) [\d.]+$/gm, '$1 1795421700')
    .replace(/^"[\w-]{22}"$/, '"nhLrjWW_M_yElOoofVYtMO"');
}

describe('the examples', () => {
  it('are what the app answers', async () => {
    const found: Record<string, ApiExample> = { startRun: await example('startRun') };
    await until(async () => expect((await app.get(`runs/${runId}`)).body.status).toBe('completed'));
    // A look before the run serves for two seconds.
    await until(async () => expect((await app.get('health')).status).toBe(200));
    for (const { name } of EVERY_ROUTE) found[name] ??= await example(name);
    if (process.env.WRITE_EXAMPLES) writeFileSync(FILE, `${JSON.stringify(found, null, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));
  });
});
