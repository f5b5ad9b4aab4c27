// Deletes data older than RETENTION_MONTHS, once a day.
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';
import { monthOf } from '../storage/observationStore.ts';
import type { Run } from '../storage/runStore.ts';
import { ownsTables } from './tablesOwner.ts';

/**
 * Deletes old observation tables, closed drift and runs after the first run of a day. The next day retries a failure.
 */
export async function forgetOld(services: Services, run: Run): Promise<void> {
  const { runs, observations, drift } = services.storage();
  const before = await runs.get(run.number - 1);
  if (before?.value.startedAt.slice(0, 10) === run.startedAt.slice(0, 10)) return;
  // The earlier of two starts: one run with a clock far ahead must not delete what is young.
  const starts = [run.startedAt, before?.value.startedAt ?? run.startedAt].sort();
  const cutoff = new Date(starts[0] ?? run.startedAt);
  cutoff.setUTCDate(1);
  cutoff.setUTCMonth(cutoff.getUTCMonth() - services.settings().retentionMonths);
  cutoff.setUTCHours(0, 0, 0, 0);
  const oldest = cutoff.toISOString();
  try {
    if (!(await ownsTables(services))) return;
    await observations.forget(monthOf(oldest));
    await drift.forget(oldest);
    await runs.forget(oldest);
  } catch (error) {
    services.log('warn', 'retention.failed', { error: errorData(error) });
  }
}
