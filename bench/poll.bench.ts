// Compares a run over many mailboxes with the tutorial's loop, with all requests at once, and with a run that is
// throttled.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, report } from './support/report.ts';
import type { SideMeasured } from './support/side.ts';
import { fetchToken } from './support/slowTenant.ts';
import { INSIDE_A_BATCH, LATENCY_MS, measureRun, type RunMeasured, startWorkload } from './support/workload.ts';

/** The number of mailboxes for the loop. All of them would take hours. */
const SAMPLE = 25;
const ROUNDS = 3;
/** Every fifth answer is throttled, and every twentieth a 503. */
const TROUBLE = { throttle: { share: 0.2, retryAfterSeconds: 1 }, error: { share: 0.05, status: 503 } };
const SIDE = fileURLToPath(new URL('./support/side.ts', import.meta.url));

const { values } = parseArgs({
  options: { mailboxes: { type: 'string', default: '10000' }, concurrency: { type: 'string', default: '16' } },
});
const count = Number(values.mailboxes);
const concurrency = Number(values.concurrency);

const workload = await startWorkload(count);
const loopMs: number[] = [];
const atOnce: SideMeasured[] = [];
const batches: SideMeasured[] = [];
const runs: RunMeasured[] = [];
const troubled: RunMeasured[] = [];
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    loopMs.push(await askOneByOne());
    atOnce.push(measureSide('all-at-once'));
    batches.push(measureSide('batches'));
    runs.push(await measureRun(workload, { concurrency }));
    await workload.put('faults', { latencyMs: LATENCY_MS, ...TROUBLE });
    troubled.push(await measureRun(workload, { concurrency }));
    await workload.put('faults', { latencyMs: LATENCY_MS });
  }
  const counted = await measureRun(workload, { concurrency, countStorage: true });
  const ideal = (count * LATENCY_MS) / (concurrency * INSIDE_A_BATCH);
  const middle = (sides: readonly SideMeasured[], figure: keyof SideMeasured) =>
    median(sides.map((side) => side[figure]));
  const loopForAllMs = (median(loopMs) / SAMPLE) * count;
  const runMs = middle(runs, 'ms');
  report(
    'poll',
    [
      { what: `one after the other, ${SAMPLE} mailboxes`, samples: loopMs },
      { what: `all at once, ${count} mailboxes`, samples: atOnce.map(({ ms }) => ms) },
      { what: `in batches, ${count} mailboxes, no writes`, samples: batches.map(({ ms }) => ms) },
      { what: `a run, ${count} mailboxes, with writes`, samples: runs.map(({ ms }) => ms) },
      { what: 'the same, a fourth throttled or a 503', samples: troubled.map(({ ms }) => ms) },
    ],
    {
      mailboxes: count,
      concurrency,
      runToIdeal: runMs / ideal,
      batchesToIdeal: middle(batches, 'ms') / ideal,
      loopToRun: loopForAllMs / runMs,
      troubledToRun: middle(troubled, 'ms') / runMs,
      troubledInconclusive: Math.max(...troubled.map(({ inconclusive }) => inconclusive)),
      runCpuMsPerMailbox: middle(runs, 'cpuMs') / count,
      batchesCpuMsPerMailbox: middle(batches, 'cpuMs') / count,
      atOnceCpuMsPerMailbox: middle(atOnce, 'cpuMs') / count,
      runPeakMb: middle(runs, 'peakRssMb'),
      batchesPeakMb: middle(batches, 'peakRssMb'),
      atOncePeakMb: middle(atOnce, 'peakRssMb'),
      batchesToAtOncePeak: middle(batches, 'peakRssMb') / middle(atOnce, 'peakRssMb'),
      roundTripsPer1000: (counted.roundTrips / count) * 1000,
      tableWritesPer1000: (counted.writes / count) * 1000,
      tableReadsPer1000: (counted.reads / count) * 1000,
    },
  );
} finally {
  await workload.close();
}

function measureSide(name: string): SideMeasured {
  const env = {
    PATH: process.env.PATH,
    ...workload.settings,
    POLL_CONCURRENCY: String(concurrency),
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  };
  return JSON.parse(execFileSync(process.execPath, ['--no-warnings', SIDE, name], { env, encoding: 'utf8' }));
}

/** Asks as the tutorial's script does. */
async function askOneByOne(): Promise<number> {
  const token = await fetchToken(workload.graph);
  const startedAt = performance.now();
  for (const user of workload.users.slice(0, SAMPLE)) {
    const path = `/v1.0/users/${user}/mailFolders/inbox/messages?$top=1`;
    const response = await fetch(workload.graph + path, { headers: { authorization: `Bearer ${token}` } });
    await response.text();
  }
  return performance.now() - startedAt;
}
