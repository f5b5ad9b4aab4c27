// Measures the memory of a run with more and more mailboxes, in a small heap.
import { parseArgs } from 'node:util';
import { report } from './support/report.ts';
import { measureRun, type RunMeasured, startWorkload } from './support/workload.ts';

const CAPS = '--max-semi-space-size=4 --max-old-space-size=64';

const { values } = parseArgs({
  options: {
    mailboxes: { type: 'string', default: '10000,100000,200000' },
    concurrency: { type: 'string', default: '64' },
    'node-options': { type: 'string', default: CAPS },
  },
});
const concurrency = Number(values.concurrency);
const settings = { NODE_OPTIONS: values['node-options'] };

const measured: { readonly count: number; readonly run: RunMeasured }[] = [];
for (const count of values.mailboxes.split(',').map(Number)) {
  const workload = await startWorkload(count);
  try {
    measured.push({ count, run: await measureRun(workload, { concurrency, settings }) });
  } finally {
    await workload.close();
  }
}
const [smallest] = measured;
const largest = measured.at(-1);
report(
  'memory',
  measured.map(({ count, run }) => ({ what: `a run, ${count} mailboxes`, samples: [run.ms] })),
  {
    concurrency,
    idleMb: smallest?.run.idleRssMb ?? Number.NaN,
    ...Object.fromEntries(measured.map(({ count, run }) => [`peakMbAt${count}`, run.peakRssMb])),
    largestToSmallest: (largest?.run.peakRssMb ?? Number.NaN) / (smallest?.run.peakRssMb ?? Number.NaN),
  },
);
