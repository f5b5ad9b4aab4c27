// Makes a tenant with many mailboxes, and measures runs of the built app over them from outside.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { buildBundle } from '../../scripts/shared/buildBundle.ts';
import { freePorts } from '../../scripts/shared/ports.ts';
import { callApi } from '../../scripts/stack/callApi.ts';
import { startSandboxProcess, startStorage } from '../../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection, sandboxSettings } from '../../scripts/stack/localSettings.ts';

/** The time of an answer, and the number of mailboxes in a batch that Outlook answers at a time. */
export const LATENCY_MS = 80;
export const INSIDE_A_BATCH = 4;

const ALLOWED = 'support@contoso.example';
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Workload {
  readonly users: readonly string[];
  /** The sandbox tenant's address. */
  readonly graph: string;
  /** Settings that list one allowed mailbox and all of `users` as denied. */
  readonly settings: Readonly<Record<string, string>>;
  /**
   * Settings for scopes with as many mailboxes together as the tenant has. Each lists the allowed one, so a few others are
   * left out.
   */
  inScopes(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** Turns one of the tenant's switches. */
  put(path: string, body: object, method?: string): Promise<void>;
  /** The number of requests that the tenant has answered, by kind. Requests inside batches also count as `messages`. */
  requests(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** Starts a tenant with `mailboxes` mailboxes, one of them allowed. */
export async function startWorkload(mailboxes: number): Promise<Workload> {
  await buildBundle();
  const port = await freePorts(1);
  const sandbox = await startSandboxProcess({ port, log: console.error });
  const graph = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
  const users = Array.from(
    { length: mailboxes - 1 },
    (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`,
  );
  const writeList = async (name: string, denied: readonly string[]) => {
    const list = join(folder, `${name}.csv`);
    await writeFile(list, `mailbox,expectation\n${denied.map((user) => `${user},denied\n`).join('')}`);
    return list;
  };

  const workload: Workload = {
    users,
    graph,
    settings: {
      ALLOWED_MAILBOXES: ALLOWED,
      MAILBOXES_FILE: await writeList('mailboxes', users),
      POLL_SCHEDULE: '0 0 0 1 1 *',
      ...sandboxSettings({ sandbox: port }),
      ALERT_WEBHOOK_URL: '',
    },
    async inScopes(names) {
      const each = Math.floor(mailboxes / names.length) - 1;
      const own = names.map(async (name, index) => ({
        [`${name}__ALLOWED_MAILBOXES`]: ALLOWED,
        [`${name}__MAILBOXES_FILE`]: await writeList(name, users.slice(index * each, (index + 1) * each)),
      }));
      return Object.assign({ SCOPES: names.join() }, ...(await Promise.all(own)));
    },
    async put(path, body, method = 'PUT') {
      const response = await fetch(`${graph}/sandbox/${path}`, { method, body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`/sandbox/${path} answered ${response.status}: ${await response.text()}`);
    },
    async requests() {
      const response = await fetch(`${graph}/sandbox/state`);
      const state = (await response.json()) as { readonly requests: { readonly byKind: Record<string, number> } };
      return state.requests.byKind;
    },
    async close() {
      await sandbox.stop();
      await rm(folder, { recursive: true });
    },
  };
  await workload.put('mailboxes', { count: users.length }, 'POST');
  await workload.put('faults', { latencyMs: LATENCY_MS });
  return workload;
}

export interface RunOptions {
  readonly concurrency: number;
  readonly instances?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** The scopes in these settings, if there are several. A run starts in each. */
  readonly scopes?: readonly string[];
  /** Count the requests to storage. This slows the emulator down. */
  readonly countStorage?: boolean;
}

export interface RunMeasured {
  /** The time from the run's start to its end, as recorded in the run. Of several, from the first start to the last end. */
  readonly ms: number;
  /** Processor time of all functions processes. */
  readonly cpuMs: number;
  /** Memory of the largest functions process: before the run, and at its peak. */
  readonly idleRssMb: number;
  readonly peakRssMb: number;
  /** Requests to Graph and to the identity endpoint, each batch as one. */
  readonly roundTrips: number;
  /** Requests that changed tables, and requests that only read; 0 unless they were counted. */
  readonly writes: number;
  readonly reads: number;
  /** The number of inconclusive mailboxes. */
  readonly inconclusive: number;
}

/** Measures one run of the bundle with new tables, or one in each scope. Throws when a run did not see every mailbox. */
export async function measureRun(workload: Workload, options: RunOptions): Promise<RunMeasured> {
  const port = await freePorts(3);
  let counting = false;
  const count = { writes: 0, reads: 0 };
  const onRequest = (line: string) => {
    const [, method, path = ''] = /"([A-Z]+) ([^ ]+) HTTP/.exec(line) ?? [];
    if (!counting || !/Mailboxes|Observations|Runs|\$batch/.test(path)) return;
    count[method === 'GET' ? 'reads' : 'writes'] += 1;
  };
  const storage = await startStorage({ port, log: console.error, ...(options.countStorage ? { onRequest } : {}) });
  const env = {
    PATH: process.env.PATH,
    ...workload.settings,
    POLL_CONCURRENCY: String(options.concurrency),
    AzureWebJobsStorage: emulatorConnection(port),
    // The platform's wait on an idle queue is no part of a run.
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
    ...options.settings,
  };
  const { instances = 1 } = options;
  const host = await startLocalHost({ root, port: 0, env, instances, withKeys: false, log: tellTrouble });
  try {
    // This call fetches a token and reads the tables, so the instance is warm. Another benchmark measures cold ones.
    for (const _ of host.pids()) await callApi(host, 'health');
    const [before, cpuBefore] = [await workload.requests(), cpuMs(host.pids())];
    const idleRssMb = Math.max(...host.pids().map((pid) => rssMb(pid, 'VmRSS')));
    counting = true;
    const runs = await runAll(host, options.scopes?.map((name) => `?scope=${name}`) ?? ['']);
    counting = false;
    const after = await workload.requests();
    const inBatches = runs.reduce((sum, run) => sum + run.mailboxes - 1, 0);
    const more = (kind: string) => (after[kind] ?? 0) - (before[kind] ?? 0);
    return {
      ms: Math.max(...runs.map(({ finishedAt }) => finishedAt)) - Math.min(...runs.map(({ startedAt }) => startedAt)),
      cpuMs: cpuMs(host.pids()) - cpuBefore,
      idleRssMb,
      peakRssMb: Math.max(...host.pids().map((pid) => rssMb(pid, 'VmHWM'))),
      // All mailboxes but the controls are asked inside batches. The other reads are single requests.
      roundTrips: more('batch') + more('token') + (more('messages') - inBatches),
      ...count,
      inconclusive: runs.reduce((sum, run) => sum + run.inconclusive, 0),
    };
  } finally {
    await Promise.all([host.close(), storage.stop()]);
  }
}

/** Prints the lines of the host. The app's own lines begin with `[`. */
function tellTrouble(line: string): void {
  if (!line.startsWith('[')) console.error(line);
}

interface EndedRun {
  readonly mailboxes: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly inconclusive: number;
}

/** Starts a run for each query at once, and waits for their ends. */
async function runAll(host: LocalHost, queries: readonly string[]): Promise<EndedRun[]> {
  const starts = await Promise.all(queries.map((query) => callApi(host, `runs${query}`, 'POST')));
  const ended: EndedRun[] = [];
  for (const [index, { status, body }] of starts.entries()) {
    if (status !== 202) throw new Error(`The run did not start: ${status} ${JSON.stringify(body)}`);
    ended.push(await untilClosed(host, `runs/${body.id}${queries[index]}`));
  }
  return ended;
}

async function untilClosed(host: LocalHost, path: string): Promise<EndedRun> {
  for (;;) {
    const { body } = await callApi(host, path);
    if (body.status !== 'running') {
      if (body.status !== 'completed' || body.notSeen !== 0) throw new Error(JSON.stringify(body));
      const [startedAt, finishedAt] = [Date.parse(String(body.startedAt)), Date.parse(String(body.finishedAt))];
      const { inconclusive } = body.outcomes as { readonly inconclusive: number };
      return { startedAt, finishedAt, mailboxes: Number(body.mailboxes), inconclusive };
    }
    // A long wait, because each look costs the measured process time.
    await wait(1_000);
  }
}

/** The processor time of processes. Linux counts hundredths of a second. */
function cpuMs(pids: readonly number[]): number {
  const of = (pid: number) => {
    // The name in parentheses may hold spaces; user and system time are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  return pids.map(of).reduce((sum, ms) => sum + ms, 0);
}

/** The resident memory of a process, now or at its peak, as Linux counts it. */
function rssMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const line = status.split('\n').find((one) => one.startsWith(`${field}:`)) ?? '';
  return Number(/\d+/.exec(line)?.[0]) / 1024;
}
