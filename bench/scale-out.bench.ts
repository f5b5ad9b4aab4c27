// Measures the gain of a second instance: the same run with one instance, and with two that share the queue.
import { parseArgs } from 'node:util';
import { median, report } from './support/report.ts';
import { measureRun, startWorkload } from './support/workload.ts';

const ROUNDS = 3;

// An instance takes four messages at a time. With few messages one instance would get more than its share.
const { values } = parseArgs({
  options: { mailboxes: { type: 'string', default: '40000' }, concurrency: { type: 'string', default: '32' } },
});
const concurrency = Number(values.concurrency);

const workload = await startWorkload(Number(values.mailboxes));
const samples: Record<'one' | 'two', number[]> = { one: [], two: [] };
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.one.push((await measureRun(workload, { concurrency, instances: 1 })).ms);
    samples.two.push((await measureRun(workload, { concurrency, instances: 2 })).ms);
  }
} finally {
  await workload.close();
}
report(
  'scale-out',
  [
    { what: 'one instance', samples: samples.one },
    { what: 'two instances', samples: samples.two },
  ],
  { concurrency, oneToTwo: median(samples.one) / median(samples.two) },
);
