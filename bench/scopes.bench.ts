// Measures what scopes cost, in a small heap: five scopes, and one scope with all of their mailboxes.
import { parseArgs } from 'node:util';
import { median, report } from './support/report.ts';
import { measureRun, type RunMeasured, startWorkload } from './support/workload.ts';

const ROUNDS = 3;
const CAPS = '--max-semi-space-size=4 --max-old-space-size=64';
const SCOPES = ['one', 'two', 'three', 'four', 'five'];

const { values } = parseArgs({
  options: {
    mailboxes: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '16' },
    'node-options': { type: 'string', default: CAPS },
  },
});
const concurrency = Number(values.concurrency);

const workload = await startWorkload(Number(values.mailboxes));
const samples: Record<'alone' | 'several', RunMeasured[]> = { alone: [], several: [] };
try {
  const heap = { NODE_OPTIONS: values['node-options'] };
  const settings = { ...heap, ...(await workload.inScopes(SCOPES)) };
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.alone.push(await measureRun(workload, { concurrency, settings: heap }));
    samples.several.push(await measureRun(workload, { concurrency, settings, scopes: SCOPES }));
  }
} finally {
  await workload.close();
}
const of = (side: keyof typeof samples, figure: 'ms' | 'cpuMs' | 'peakRssMb') =>
  samples[side].map((run) => run[figure]);
report(
  'scopes',
  [
    { what: 'one scope', samples: of('alone', 'ms') },
    { what: 'five scopes', samples: of('several', 'ms') },
  ],
  {
    concurrency,
    fiveToOne: median(of('several', 'ms')) / median(of('alone', 'ms')),
    fiveToOneCpu: median(of('several', 'cpuMs')) / median(of('alone', 'cpuMs')),
    onePeakMb: median(of('alone', 'peakRssMb')),
    fivePeakMb: median(of('several', 'peakRssMb')),
  },
);
