// Faults of a large tenant, with two functions processes: no mailbox lost, no drift doubled, no refusal without proof.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { announced, type Monitor, startMonitor, user } from '../support/monitor.ts';
import { until } from '../support/until.ts';

/** The same at full size: `FIRE_MAILBOXES=100000 FIRE_SECONDS=60 TEST_PATIENCE_SECONDS=1000 npx vitest run test/e2e/fires.test.ts`. */
const MAILBOXES = Number(process.env.FIRE_MAILBOXES ?? 400);
const THROTTLED_MS = Number(process.env.FIRE_SECONDS ?? 0) * 1_000;
const SHARDS = 10;
const POLICY = { mechanism: 'application-access-policy', members: ['support@contoso.example'] };

let monitor: Monitor;

beforeAll(async () => {
  const size = Math.min(500, MAILBOXES / SHARDS);
  const settings = { SHARD_SIZE: String(size), POLL_CONCURRENCY: '32' };
  monitor = await startMonitor({ mailboxes: MAILBOXES, instances: 2, settings });
});

afterAll(() => monitor.close());

beforeEach(async () => {
  await monitor.tenant.put('policy', POLICY);
  await monitor.tenant.put('faults', {});
});

const run = async () => monitor.completed(await monitor.startRun());
const batches = async () => (await monitor.tenant.state()).requests.byKind.batch ?? 0;
/** Starts a run; settles when the tenant has been asked three batches for it. */
const begun = async () => {
  const before = await batches();
  const id = await monitor.startRun();
  await until(async () => expect(await batches()).toBeGreaterThanOrEqual(before + 3), 5);
  return id;
};

const COMPLIANT = { controlHeld: true, notSeen: 0, outcomes: { readable: 1, refused: MAILBOXES, inconclusive: 0 } };
const OPEN = { controlHeld: true, notSeen: 0, outcomes: { readable: MAILBOXES + 1, refused: 0, inconclusive: 0 } };

describe('a tenant', () => {
  it('that loses its policy: one run records every breach, with one alert', async () => {
    expect(await run()).toMatchObject(COMPLIANT);
    const before = (await monitor.alerts()).length;
    await monitor.tenant.put('policy', { mechanism: 'none' });
    expect(await run()).toMatchObject({ ...OPEN, opened: MAILBOXES, verdicts: { breach: MAILBOXES } });
    const alerts = await until(async () => {
      const since = (await monitor.alerts()).slice(before);
      expect(announced(since, 'opened')).toBeGreaterThan(0);
      return since;
    });
    expect(alerts).toHaveLength(1);
    expect(announced(alerts, 'opened')).toBe(MAILBOXES);
  });

  it('that gets its policy back while one of two instances is killed: every breach closes once', async () => {
    await monitor.tenant.put('policy', { mechanism: 'none' });
    expect(await run()).toMatchObject(OPEN);
    await monitor.tenant.put('policy', POLICY);
    const id = await begun();
    await monitor.kill(1);
    const { number } = await monitor.completed(id);
    expect(await monitor.api(`runs/${id}`)).toMatchObject({ ...COMPLIANT, opened: 0, closed: MAILBOXES });
    const closed = (await monitor.everything('drift?')).filter(({ closedRun }) => closedRun === number);
    expect(new Set(closed.map(({ mailbox }) => mailbox)).size).toBe(MAILBOXES);
    expect(closed.map(({ closedBecause }) => closedBecause)).toEqual(Array(MAILBOXES).fill('refused'));
  });

  it('that throttles everything for a while: no verdict without proof, and the run records its waits', async () => {
    await run();
    // By count where it is short, so that a control is throttled twice and no longer than a candidate is waited for.
    const times = THROTTLED_MS === 0 ? { times: 12 } : {};
    await monitor.tenant.put('faults', { throttle: { share: 1, retryAfterSeconds: 1, ...times } });
    const endsAt = performance.now() + THROTTLED_MS;
    const id = await monitor.startRun();
    await until(() => expect(performance.now()).toBeGreaterThan(endsAt));
    if (THROTTLED_MS > 0) await monitor.tenant.put('faults', {});
    const seen = await monitor.completed(id);
    expect(seen).toMatchObject({ notSeen: 0, opened: 0, closed: 0, verdicts: { compliant: MAILBOXES + 1 } });
    expect(seen.throttled).toBeGreaterThan(0);
    expect(seen.waitedMs).toBeGreaterThan(0);
    // If a control is throttled longer than the wait for a candidate, its shard's refusals have no proof.
    if (THROTTLED_MS === 0) expect(seen).toMatchObject(COMPLIANT);
    expect(await run()).toMatchObject({ ...COMPLIANT, throttled: 0, waitedMs: 0 });
  });
});

describe('batches', () => {
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
    const id = await begun();
    await monitor.tenant.put('faults', {});
    expect(await monitor.completed(id)).toMatchObject(COMPLIANT);
  });
});
