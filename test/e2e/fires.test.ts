// Faults of a large tenant, with two functions processes: no mailbox lost, no drift doubled, no refusal without proof.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { announced, type Monitor, startMonitor, user } from '../support/monitor.ts';

/** The same at full size: `FIRE_MAILBOXES=100000 FIRE_SECONDS=60 npx vitest run test/e2e/fires.test.ts`. */
const MAILBOXES = Number(process.env.FIRE_MAILBOXES ?? 400);
const THROTTLED_MS = Number(process.env.FIRE_SECONDS ?? 0) * 1_000;
const SHARDS = 10;
const RUN_MS = 30_000 + MAILBOXES * 8;
const POLICY = { mechanism: 'application-access-policy', members: ['support@contoso.example'] };

let monitor: Monitor;

beforeAll(async () => {
  const size = Math.min(500, MAILBOXES / SHARDS);
  const settings = { SHARD_SIZE: String(size), POLL_CONCURRENCY: '32' };
  monitor = await startMonitor({ mailboxes: MAILBOXES, instances: 2, settings });
}, 120_000);

afterAll(() => monitor.close());

beforeEach(async () => {
  await monitor.tenant.put('policy', POLICY);
  await monitor.tenant.put('faults', {});
});

const run = async () => monitor.completed(await monitor.startRun(), RUN_MS);
const batches = async () => (await monitor.tenant.state()).requests.byKind.batch ?? 0;
/** Settles after this number of further batches. */
const asked = async (more: number) => {
  const before = await batches();
  await vi.waitFor(async () => expect(await batches()).toBeGreaterThanOrEqual(before + more), {
    timeout: 20_000,
    interval: 5,
  });
};

const COMPLIANT = { controlHeld: true, notSeen: 0, outcomes: { readable: 1, refused: MAILBOXES, inconclusive: 0 } };
const OPEN = { controlHeld: true, notSeen: 0, outcomes: { readable: MAILBOXES + 1, refused: 0, inconclusive: 0 } };

describe('a tenant', { timeout: 2 * RUN_MS + 30_000 }, () => {
  it('that loses its policy: one run records every breach, with one alert', async () => {
    expect(await run()).toMatchObject(COMPLIANT);
    await monitor.tenant.put('policy', { mechanism: 'none' });
    expect(await run()).toMatchObject({ ...OPEN, opened: MAILBOXES, verdicts: { breach: MAILBOXES } });
    const [alert, ...others] = await vi.waitFor(
      async () => {
        const seen = await monitor.alerts();
        expect(seen).not.toHaveLength(0);
        return seen;
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(others).toEqual([]);
    expect(announced(alert ? [alert] : [], 'opened')).toBe(MAILBOXES);
  });

  it('that gets its policy back while one of two instances is killed: every breach closes once', async () => {
    const id = await monitor.startRun();
    await asked(3);
    await monitor.kill(1);
    expect(await monitor.completed(id, RUN_MS)).toMatchObject({ ...COMPLIANT, opened: 0, closed: MAILBOXES });
    const drift = await monitor.everything('drift?');
    expect(drift).toHaveLength(MAILBOXES);
    expect(drift.every(({ closedBecause }) => closedBecause === 'refused')).toBe(true);
  });

  it('that throttles everything for a while: no verdict without proof, and the run records its waits', async () => {
    await run();
    await monitor.tenant.put('faults', { throttle: { share: 1, retryAfterSeconds: 1 } });
    const startedAt = performance.now();
    const id = await monitor.startRun();
    const controlReads = async () => (await monitor.tenant.state()).requests.byMailbox['support@contoso.example'] ?? 0;
    const before = await controlReads();
    await vi.waitFor(
      async () => {
        expect(await controlReads()).toBeGreaterThan(before + 2);
        expect(performance.now() - startedAt).toBeGreaterThan(THROTTLED_MS);
      },
      { timeout: THROTTLED_MS + 10_000, interval: 50 },
    );
    await monitor.tenant.put('faults', {});
    const seen = await monitor.completed(id, RUN_MS + THROTTLED_MS);
    expect(seen).toMatchObject({ notSeen: 0, opened: 0, closed: 0, verdicts: { compliant: MAILBOXES + 1 } });
    expect(seen.throttled).toBeGreaterThan(0);
    expect(seen.waitedMs).toBeGreaterThan(0);
    // If a control is throttled longer than the wait for a candidate, its shard's refusals have no proof.
    if (THROTTLED_MS === 0) expect(seen).toMatchObject(COMPLIANT);
    expect(await run()).toMatchObject({ ...COMPLIANT, throttled: 0, waitedMs: 0 });
  });
});

describe('batches', { timeout: 2 * RUN_MS }, () => {
  const leaks = [user(7), user(77)];

  it.each(['reverse', 'double', 'omit'])(
    'with the fault "%s" never give a mailbox the answer of another',
    async (batch) => {
      await monitor.tenant.put('policy', { ...POLICY, members: [...POLICY.members, ...leaks] });
      await monitor.tenant.put('faults', { batch });
      const seen = await run();
      expect(seen).toMatchObject({ notSeen: 0, controlHeld: true, verdicts: { lockout: 0, unverified: 0 } });
      const breaches = await monitor.everything('mailboxes?verdict=breach&');
      const found = breaches.map(({ mailbox }) => mailbox);
      // A mailbox whose answer is always missing is inconclusive.
      expect(leaks).toEqual(expect.arrayContaining(found));
      const { inconclusive } = seen.outcomes as { readonly inconclusive: number };
      if (batch === 'omit') expect(inconclusive).toBeLessThan(MAILBOXES / 10);
      else expect([inconclusive, found]).toEqual([0, leaks]);
    },
  );

  it('cut in the middle are asked again', async () => {
    await monitor.tenant.put('faults', { batch: 'cut' });
    const id = await monitor.startRun();
    await asked(3);
    await monitor.tenant.put('faults', {});
    expect(await monitor.completed(id, RUN_MS)).toMatchObject(COMPLIANT);
  });
});
