// A run over many mailboxes, with everything it writes, against the tutorial's loop, one request after the other, on a sample.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { callApi } from '../api.ts';
import { buildBundle } from '../build.ts';
import { startLocalHost } from '../localHost/host.ts';
import { emulatorConnection, sandboxSettings } from '../localSettings.ts';
import { startSandboxProcess, startStorage } from '../parts.ts';
import { freePorts } from '../ports.ts';
import { quantile, report } from './support/report.ts';

const LATENCY_MS = 80;
const SAMPLE = 25;
const ROUNDS = 3;
/** Outlook answers four requests of a batch at a time. */
const INSIDE_A_BATCH = 4;

const { values } = parseArgs({
  options: { mailboxes: { type: 'string', default: '1000' }, concurrency: { type: 'string', default: '16' } },
});
const count = Number(values.mailboxes);
const concurrency = Number(values.concurrency);

const root = fileURLToPath(new URL('../..', import.meta.url));
const first = await freePorts(4);
await buildBundle();
const sandbox = await startSandboxProcess({ port: first, log: console.error });
const graph = `http://127.0.0.1:${first}`;
const users = Array.from({ length: count }, (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`);
await put('mailboxes', { count }, 'POST');
await put('faults', { latencyMs: LATENCY_MS });

const folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
const list = join(folder, 'mailboxes.csv');
await writeFile(list, `mailbox,expectation\n${users.map((user) => `${user},denied\n`).join('')}`);

const loopMs: number[] = [];
const runMs: number[] = [];
try {
  const token = await fetchToken();
  for (let round = 0; round < ROUNDS; round += 1) {
    loopMs.push(await askOneByOne(token));
    runMs.push(await run(round));
  }
} finally {
  await sandbox.stop();
  await rm(folder, { recursive: true });
}
const loopForAll = (quantile(loopMs, 0.5) / SAMPLE) * count;
const ideal = (count * LATENCY_MS) / (concurrency * INSIDE_A_BATCH);
const median = quantile(runMs, 0.5);
report(
  'poll',
  [
    { what: `one after the other, ${SAMPLE} mailboxes`, samples: loopMs },
    { what: `a run, ${count} mailboxes, with writes`, samples: runMs },
  ],
  { mailboxes: count, concurrency, runMs: median, runToIdeal: median / ideal, loopToRun: loopForAll / median },
);

/** One run over tables of its own, from its start to its end as they are on record. */
async function run(round: number): Promise<number> {
  const port = await freePorts(3);
  const storage = await startStorage({ port, log: console.error });
  const env = {
    PATH: process.env.PATH,
    ALLOWED_MAILBOXES: 'support@contoso.example',
    MAILBOXES_FILE: list,
    POLL_CONCURRENCY: String(concurrency),
    POLL_SCHEDULE: '0 0 0 1 1 *',
    ...sandboxSettings({ sandbox: first }),
    ALERT_WEBHOOK_URL: '',
    AzureWebJobsStorage: emulatorConnection(port),
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
  };
  const host = await startLocalHost({ root, port: 0, env, withKeys: false, log: () => undefined });
  try {
    const { body } = await callApi(host, 'runs', 'POST');
    for (;;) {
      const { body: seen } = await callApi(host, `runs/${body.id}`);
      if (seen.status === 'completed') {
        if (seen.notSeen !== 0 || !seen.controlHeld) throw new Error(`round ${round}: ${JSON.stringify(seen)}`);
        return Date.parse(String(seen.finishedAt)) - Date.parse(String(seen.startedAt));
      }
      await wait(50);
    }
  } finally {
    await Promise.all([host.close(), storage.stop()]);
  }
}

async function askOneByOne(token: string): Promise<number> {
  const startedAt = performance.now();
  for (const user of users.slice(0, SAMPLE)) {
    const path = `/v1.0/users/${user}/mailFolders/inbox/messages?$top=1`;
    const response = await fetch(graph + path, { headers: { authorization: `Bearer ${token}` } });
    await response.text();
  }
  return performance.now() - startedAt;
}

async function fetchToken(): Promise<string> {
  const url = `${graph}/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com`;
  const response = await fetch(url, { headers: { 'x-identity-header': 'sandbox' } });
  const { access_token } = (await response.json()) as { readonly access_token: string };
  return access_token;
}

async function put(path: string, body: object, method = 'PUT'): Promise<void> {
  const response = await fetch(`${graph}/sandbox/${path}`, { method, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`/sandbox/${path} answered ${response.status}: ${await response.text()}`);
}
