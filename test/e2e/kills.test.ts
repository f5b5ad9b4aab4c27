// kill -9 of the functions process during runs: no drift or alert is lost, doubled, or left open without a state.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announced, type Monitor, startMonitor } from '../support/monitor.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { until } from '../support/until.ts';

/** For a long test: `KILLS=200 npx vitest run test/e2e`. */
const KILLS = Number(process.env.KILLS ?? 10);
const MAILBOXES = 90;
/** Goes through every moment of a run, in an irregular order. */
const LATEST_MS = 260;
const STEP_MS = 97;

let monitor: Monitor;

beforeAll(async () => {
  monitor = await startMonitor({ mailboxes: MAILBOXES, settings: { SHARD_SIZE: '30' } });
});

afterAll(() => monitor.close());

/** Starts a run, and kills the process this many milliseconds later; null kills nothing. */
async function run(killAfterMs: number | null): Promise<Record<string, unknown>> {
  const id = await monitor.startRun();
  const killed = killAfterMs === null ? null : killAfter(killAfterMs);
  const ended = await monitor.completed(id);
  // If the run is over before its kill, the kill must not hit the next run.
  await killed;
  return ended;
}

async function killAfter(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await monitor.kill(0);
}

it(`${KILLS} kills lose, double and leave nothing`, { timeout: PATIENCE_MS + KILLS * 30_000 }, async () => {
  await run(null);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const open = kill % 2 === 0;
    const members = ['support@contoso.example'];
    const policy = open ? { mechanism: 'none' } : { mechanism: 'application-access-policy', members };
    await monitor.tenant.put('policy', policy);
    const seen = await run((kill * STEP_MS) % LATEST_MS);
    const verdict = open ? 'breach' : 'compliant';
    expect(seen, `kill ${kill}`).toMatchObject({
      controlHeld: true,
      notSeen: 0,
      opened: open ? MAILBOXES : 0,
      closed: open ? 0 : MAILBOXES,
      verdicts: { [verdict]: open ? MAILBOXES : MAILBOXES + 1 },
    });
    const states = await monitor.everything('mailboxes?expectation=denied&');
    expect(states.every((state) => state.verdict === verdict && 'openDrift' in state === open)).toBe(true);
  }
  const drift = await monitor.everything('drift?');
  const periods = Math.ceil(KILLS / 2);
  expect(drift).toHaveLength(periods * MAILBOXES);
  expect(new Set(drift.map(({ id }) => id)).size).toBe(drift.length);
  const closed = drift.filter(({ closedAt }) => closedAt !== null);
  expect(closed).toHaveLength(Math.floor(KILLS / 2) * MAILBOXES);

  // Every opening and recovery was announced under exactly one id, in spite of the kills.
  const allAnnounced = async () => {
    const alerts = await monitor.alerts();
    expect(announced(alerts, 'opened')).toBe(periods * MAILBOXES);
    expect(announced(alerts, 'recovered')).toBe(Math.floor(KILLS / 2) * MAILBOXES);
  };
  await until(allAnnounced);
});
