// The whole monitor over many mailboxes: a tenant, an emulator, and one or more functions processes under the local host.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { startEmulator } from './emulator.ts';
import { ROOT, type Switches, settingsFor, startTenant } from './localApp.ts';
import { until } from './until.ts';

type Json = Record<string, unknown>;

export interface Monitor {
  readonly tenant: Switches;
  readonly host: LocalHost;
  /** Rejects unless the answer is a success. */
  api(path: string, method?: string): Promise<Json>;
  /** All values of a list from all pages; `path` ends with `?` or `&`. */
  everything(path: string): Promise<Json[]>;
  /** Starts a run as soon as possible, and returns its id. */
  startRun(scope?: string): Promise<string>;
  /** The run once it has ended. Rejects unless it is completed. */
  completed(id: string, scope?: string): Promise<Json>;
  /** The accepted alerts, one for each id. Checks that repetitions are the same. */
  alerts(): Promise<readonly AlertBody[]>;
  /** kill -9 of one instance. Settles when another process is there in its place. */
  kill(instance: number): Promise<void>;
  close(): Promise<void>;
}

export interface AlertBody {
  readonly id: string;
  readonly data: { readonly counts: Readonly<Record<string, { readonly breach: number }>> };
}

export interface MonitorOptions {
  /** The number of denied mailboxes, from `user00001@contoso.example` on. `support@contoso.example` is allowed. */
  readonly mailboxes: number;
  readonly instances?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startMonitor({ mailboxes, instances = 1, settings = {} }: MonitorOptions): Promise<Monitor> {
  const [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  await tenant.post('mailboxes', { count: mailboxes });
  const folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
  const list = join(folder, 'mailboxes.csv');
  const lines = Array.from({ length: mailboxes }, (_, index) => `${user(index + 1)},denied\n`);
  await writeFile(list, `mailbox,expectation\n${lines.join('')}`);
  const env = {
    ...settingsFor(tenant.sandbox.url),
    ALLOWED_MAILBOXES: 'support@contoso.example',
    DENIED_MAILBOXES: '',
    MAILBOXES_FILE: list,
    PROPAGATION_MINUTES: '0',
    ALERT_WEBHOOK_URL: `${tenant.sandbox.url}/sandbox/webhook`,
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__visibilityTimeout: '00:00:01',
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
    AzureFunctionsJobHost__extensions__queues__maxDequeueCount: '20',
    ...settings,
  };
  const host = await startLocalHost({ root: ROOT, port: 0, env, instances, withKeys: false, log: () => undefined });

  async function api(path: string, method = 'GET'): Promise<Json> {
    const response = await fetch(`${host.url}/api/${path}`, { method });
    const body = (await response.json()) as Json;
    expect(response.status, JSON.stringify(body)).toBeLessThan(300);
    return body;
  }

  return {
    tenant,
    host,
    api,
    async everything(path) {
      const values: Json[] = [];
      for (let next: string | undefined = `${path}top=1000`; next !== undefined; ) {
        const { value, nextLink } = await api(next);
        values.push(...(value as Json[]));
        next = typeof nextLink === 'string' ? nextLink.slice(`${host.url}/api/`.length) : undefined;
      }
      return values;
    },
    startRun: async (scope) => String((await until(() => api(`runs${ofScope(scope)}`, 'POST'))).id),
    async completed(id, scope) {
      const ended = await until(async () => {
        const seen = await api(`runs/${id}${ofScope(scope)}`);
        expect(seen.status).not.toBe('running');
        return seen;
      });
      expect(ended.status, String(ended.problem)).toBe('completed');
      return ended;
    },
    async alerts() {
      const response = await fetch(`${tenant.sandbox.url}/sandbox/alerts`);
      const { value } = (await response.json()) as { readonly value: readonly { readonly body: AlertBody }[] };
      const byId = new Map<string, AlertBody>();
      for (const { body } of value) {
        expect(byId.get(body.id) ?? body).toEqual(body);
        byId.set(body.id, body);
      }
      return [...byId.values()];
    },
    async kill(instance) {
      const pid = host.pids()[instance] ?? 0;
      process.kill(pid, 'SIGKILL');
      await until(() => expect(host.pids()).not.toContain(pid));
    },
    async close() {
      await host.close();
      await Promise.all([tenant.sandbox.close(), emulator.part.stop(), rm(folder, { recursive: true })]);
    },
  };
}

function ofScope(scope: string | undefined): string {
  return scope === undefined ? '' : `?scope=${scope}`;
}

export function user(number: number): string {
  return `user${String(number).padStart(5, '0')}@contoso.example`;
}

/** The number of breaches that the alerts announce as `opened` or `recovered`. */
export function announced(alerts: readonly AlertBody[], happening: string): number {
  return alerts.reduce((sum, { data }) => sum + (data.counts[happening]?.breach ?? 0), 0);
}
