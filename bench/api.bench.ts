// Measures the API with few and with many mailboxes in the tables. Every denied mailbox is an open breach.
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type LocalHost, startLocalHost } from '../localHost/host.ts';
import { freePorts } from '../scripts/shared/ports.ts';
import { callApi } from '../scripts/stack/callApi.ts';
import { startStorage } from '../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection } from '../scripts/stack/localSettings.ts';
import { addMonth } from './support/oneMonth.ts';
import { median, type Row, report } from './support/report.ts';
import { startWorkload, type Workload } from './support/workload.ts';

const { values } = parseArgs({ options: { mailboxes: { type: 'string', default: '1000,100000' } } });
const ROUNDS = 15;
/** One look at health serves all callers for two seconds. */
const LOOK_MS = 2_100;
/** An answer that takes this long keeps its run at work. */
const HELD_MS = 20_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const rows: Row[] = [];
const figures: Record<string, number> = {};
const firstPages = new Map<string, number[]>();
for (const count of values.mailboxes.split(',').map(Number)) {
  for (const { what, samples } of await measure(count)) {
    rows.push({ what: `${what}, ${count}`, samples });
    const medians = firstPages.get(what) ?? [];
    firstPages.set(what, [...medians, median(samples)]);
  }
}
for (const [what, [few = Number.NaN, ...more]] of firstPages) {
  const many = more.at(-1);
  if (many !== undefined) figures[what] = many / few;
}
report('api', rows, figures);

async function measure(count: number): Promise<Row[]> {
  const workload = await startWorkload(count);
  const port = await freePorts(3);
  const storage = await startStorage({ port, log: console.error });
  const connection = emulatorConnection(port);
  const env = {
    PATH: process.env.PATH,
    ...workload.settings,
    PROPAGATION_MINUTES: '0',
    POLL_CONCURRENCY: '64',
    AzureWebJobsStorage: connection,
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
  };
  const host = await startLocalHost({ root, port: 0, env, withKeys: false, log: () => undefined });
  try {
    await workload.put('faults', {});
    await workload.put('policy', { mechanism: 'none' });
    await run(host);
    const [mailbox = ''] = workload.users;
    await addMonth(connection, mailbox);
    const last = workload.users.at(-100) ?? mailbox;
    const questions = {
      'mailboxes, first page': 'mailboxes',
      'mailboxes, filter that fits all': 'mailboxes?verdict=breach',
      'mailboxes, filter that fits one': 'mailboxes?expectation=allowed',
      'mailboxes, filter that fits none': 'mailboxes?verdict=lockout',
      'mailboxes, by prefix': `mailboxes?startsWith=${mailbox.slice(0, 9)}`,
      'mailboxes, last page': `mailboxes?after=${after(`mailbox:${last}`)}`,
      'mailboxes, first 10,000 as CSV': 'mailboxes?format=csv',
      'drift, first page': 'drift',
      'drift, filter that fits all': 'drift?open=true&kind=breach',
      'drift, filter that fits none': 'drift?open=false',
      'drift, of one mailbox': `drift?mailbox=${mailbox}`,
      'drift, since a minute ahead': `drift?since=${new Date(Date.now() + 60_000).toISOString()}`,
      'drift, last page': `drift?after=${after(`drift:9999999998~${last}`)}`,
      'drift, first 10,000 as CSV': 'drift?format=csv',
      'runs, first page': 'runs',
      'one mailbox': `mailboxes/${mailbox}`,
      'its history, first page': `mailboxes/${mailbox}/history`,
      'its history of a month as CSV': `mailboxes/${mailbox}/history?format=csv`,
      scopes: 'scopes',
      metrics: 'metrics',
    };
    const measured: Row[] = [];
    for (const [what, path] of Object.entries(questions)) {
      await timed(host, path);
      measured.push({ what, samples: await repeat(ROUNDS, () => timed(host, path)) });
    }
    const looks = await repeat(3, async () => {
      await wait(LOOK_MS);
      return timed(host, 'health');
    });
    const during = await duringRun(host, workload, 'mailboxes?verdict=lockout');
    return [
      ...measured,
      { what: 'health', samples: looks },
      { what: 'mailboxes, filter that fits none, during a run', samples: during },
    ];
  } finally {
    await host.close();
    await Promise.all([storage.stop(), workload.close()]);
  }
}

/** Starts a run that waits for its answers, and measures while it does. */
async function duringRun(host: LocalHost, workload: Workload, path: string): Promise<number[]> {
  await workload.put('faults', { latencyMs: HELD_MS });
  const { body } = await callApi(host, 'runs', 'POST');
  if (body.id === undefined) throw new Error(JSON.stringify(body));
  await timed(host, path);
  const samples = await repeat(ROUNDS, () => timed(host, path));
  const { body: seen } = await callApi(host, `runs/${body.id}`);
  if (seen.status !== 'running') throw new Error(`the run has ended too early: ${JSON.stringify(seen)}`);
  return samples;
}

function after(row: string): string {
  return Buffer.from(row).toString('base64url');
}

async function run(host: LocalHost): Promise<void> {
  const { body } = await callApi(host, 'runs', 'POST');
  for (;;) {
    const { body: seen } = await callApi(host, `runs/${body.id}`);
    if (seen.status === 'completed') return;
    if (seen.status !== 'running') throw new Error(JSON.stringify(seen));
    await wait(1_000);
  }
}

async function repeat(count: number, work: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  while (samples.length < count) samples.push(await work());
  return samples;
}

async function timed(host: LocalHost, path: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${host.url}/api/${path}`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`);
  return performance.now() - startedAt;
}
