// Runs that the timer does not start: on Flex Consumption timers have stopped for good after a deployment.
import { MailscopeError } from '../errors.ts';
import { errorData } from '../log.ts';
import { latestBelievable } from '../rules/clock.ts';
import { EARLY_MS } from '../rules/missedTicks.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import type { Current } from '../storage/runStore.ts';
import { startRun } from './startRun.ts';

/**
 * Whether the newest run began before the last two scheduled times. A start in the future proves nothing. With no run on
 * record, both scheduled times must have come since this process began: the first one is left to the timer.
 */
export function isOverdue(services: Services, newest: Current | null): boolean {
  const now = services.now();
  const [, secondLast] = parseSchedule(services.settings().pollSchedule).previous(now, 2);
  if (secondLast === undefined) return false;
  if (newest === null) return secondLast > services.startedAt;
  if (newest.startedAt > latestBelievable(now)) return true;
  return Date.parse(newest.startedAt) + EARLY_MS < secondLast.getTime();
}

/** Starts a run unless one is alive or another app owns the tables. Never throws; true when it started one. */
export async function startOverdue(services: Services): Promise<boolean> {
  try {
    await startRun(services, 'overdue');
    return true;
  } catch (error) {
    const isExpected = error instanceof MailscopeError && ['run-in-progress', 'tables-in-use'].includes(error.code);
    if (!isExpected) services.log('error', 'overdue.not-started', { error: errorData(error) });
    return false;
  }
}
