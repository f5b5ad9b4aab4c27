// kill -9 of the functions process in the middle of runs: no drift or alert is lost, doubled, or left open without a state.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startLocalHost } from '../../scripts/localHost/host.ts';
import { type App, ROOT, type Switches, settingsFor, startTenant } from '../support/http.ts';
import { type Emulator, startEmulator } from '../support/storage.ts';

/** A soak takes more of them: `KILLS=200 npx vitest run test/e2e`. */
const KILLS = Number(process.env.KILLS ?? 10);
const MAILBOXES = 90;
/** Steps through every moment of a run, in an order that has no rhythm. */
const LATEST_MS = 260;
const STEP_MS = 97;

let tenant: Switches;
let emulator: Emulator;
let host: App['host'];

beforeAll(async () => {
  [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  await tenant.post('mailboxes', { count: MAILBOXES });
  const users = Array.from(
    { length: MAILBOXES },
    (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`,
  );
  const env = {
    ...settingsFor(tenant.sandbox.url),
    ALLOWED_MAILBOXES: 'support@contoso.example',
    DENIED_MAILBOXES: users.join(' '),
    SHARD_SIZE: '30',
    PROPAGATION_MINUTES: '0',
    ALERT_WEBHOOK_URL: `${tenant.sandbox.url}/sandbox/webhook`,
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__visibilityTimeout: '00:00:01',
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
    AzureFunctionsJobHost__extensions__queues__maxDequeueCount: '20',
  };
  host = await startLocalHost({ root: ROOT, port: 0, env, withKeys: false, log: () => undefined });
});

afterAll(async () => {
  await host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

async function api(path: string, method = 'GET') {
  const response = await fetch(`${host.url}/api/${path}`, { method });
  const body = (await response.json()) as Record<string, unknown>;
  expect(response.status, JSON.stringify(body)).toBeLessThan(300);
  return body;
}

async function everything(path: string): Promise<Record<string, unknown>[]> {
  const values: Record<string, unknown>[] = [];
  for (let next: string | undefined = `${path}top=1000`; next !== undefined; ) {
    const { value, nextLink } = await api(next);
    values.push(...(value as Record<string, unknown>[]));
    next = typeof nextLink === 'string' ? nextLink.slice(`${host.url}/api/`.length) : undefined;
  }
  return values;
}

/** A run, with the process killed so many milliseconds after it was accepted; null leaves it alone. */
async function run(killAfterMs: number | null): Promise<Record<string, unknown>> {
  const { id } = await vi.waitFor(() => api('runs', 'POST'), { timeout: 20_000, interval: 50 });
  const killed = killAfterMs === null ? null : killAfter(killAfterMs);
  const ended = await vi.waitFor(
    async () => {
      const seen = await api(`runs/${id}`);
      expect(seen.status).toBe('completed');
      return seen;
    },
    { timeout: 30_000, interval: 50 },
  );
  // A run may be over before its kill comes: the next one must not meet it.
  await killed;
  return ended;
}

async function killAfter(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  const [pid = 0] = host.pids();
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(host.pids()).not.toContain(pid), 5_000);
}

it(`${KILLS} kills lose, double and leave nothing`, { timeout: 60_000 + KILLS * 10_000 }, async () => {
  await run(null);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const open = kill % 2 === 0;
    const members = ['support@contoso.example'];
    await tenant.put('policy', open ? { mechanism: 'none' } : { mechanism: 'application-access-policy', members });
    const seen = await run((kill * STEP_MS) % LATEST_MS);
    const verdict = open ? 'breach' : 'compliant';
    expect(seen, `kill ${kill}`).toMatchObject({
      controlHeld: true,
      notSeen: 0,
      opened: open ? MAILBOXES : 0,
      closed: open ? 0 : MAILBOXES,
      verdicts: { [verdict]: open ? MAILBOXES : MAILBOXES + 1 },
    });
    const states = await everything('mailboxes?expectation=denied&');
    expect(states.every((state) => state.verdict === verdict && 'openDrift' in state === open)).toBe(true);
  }
  const drift = await everything('drift?');
  const periods = Math.ceil(KILLS / 2);
  expect(drift).toHaveLength(periods * MAILBOXES);
  expect(new Set(drift.map(({ id }) => id)).size).toBe(drift.length);
  const closed = drift.filter(({ closedAt }) => closedAt !== null);
  expect(closed).toHaveLength(Math.floor(KILLS / 2) * MAILBOXES);

  // Every opening and recovery was announced, each under one id, whatever died in between.
  const announced = async () => {
    const seen = await alerts();
    expect(sumOf(seen, 'opened')).toBe(periods * MAILBOXES);
    expect(sumOf(seen, 'recovered')).toBe(Math.floor(KILLS / 2) * MAILBOXES);
  };
  await vi.waitFor(announced, { timeout: 40_000, interval: 500 });
});

interface AlertBody {
  readonly id: string;
  readonly data: { readonly counts: Readonly<Record<string, { readonly breach: number }>> };
}

/** What the receiver has, one of each id; repetitions have to be the same. */
async function alerts(): Promise<readonly AlertBody[]> {
  const response = await fetch(`${tenant.sandbox.url}/sandbox/alerts`);
  const { value } = (await response.json()) as { readonly value: readonly { readonly body: AlertBody }[] };
  const byId = new Map<string, AlertBody>();
  for (const { body } of value) {
    expect(byId.get(body.id) ?? body).toEqual(body);
    byId.set(body.id, body);
  }
  return [...byId.values()];
}

function sumOf(seen: readonly AlertBody[], happening: string): number {
  return seen.reduce((sum, { data }) => sum + (data.counts[happening]?.breach ?? 0), 0);
}
