// Who owns the tables. Two apps over one account would close each other's drift, so only one of them may write.
//
// The owner stands in the row `current`, which each start replaces under its ETag. So a start by another app in the
// same moment fails, and nobody has to be told that the owner has changed.
import { MailscopeError } from '../errors.ts';
import { isRecent } from '../rules/clock.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import type { Current } from '../storage/runStore.ts';

/** Whether a row belongs to this app. One without an owner belongs to anybody. */
export function isOurs({ owner }: Pick<Current, 'owner'>, ourselves: string): boolean {
  return owner === null || owner === ourselves;
}

/**
 * The other app that uses the tables; null when this one may start a run. Another owner counts until three intervals
 * of this app's schedule have passed since its newest run began. A start in the future counts as none.
 */
export function otherOwner(services: Services, current: Current | null): string | null {
  const { owner, pollSchedule } = services.settings();
  if (current === null || isOurs(current, owner)) return null;
  const now = services.now();
  return isRecent(current.startedAt, threeIntervalsMs(pollSchedule, now), now) ? current.owner : null;
}

/** @throws MailscopeError `tables-in-use` */
export function checkOwner(services: Services, current: Current | null): void {
  const owner = otherOwner(services, current);
  if (owner === null) return;
  const ourselves = services.settings().owner;
  const text = `The tables are in use by "${owner}", which began the run ${current?.id}. This app is "${ourselves}", and a run of it would close the drift of the other. Give this app its own storage account. If it replaces the other, wait three intervals, or set OWNER to "${owner}".`;
  throw new MailscopeError('tables-in-use', text, { owner });
}

/** Whether this app may write: it owns the tables, or nobody does. */
export async function ownsTables(services: Services): Promise<boolean> {
  const current = await services.storage().runs.current();
  return current === null || isOurs(current.value, services.settings().owner);
}

/** The time since the third-last tick, or the length of the last three intervals where that is longer. */
function threeIntervalsMs(schedule: string, now: Date): number {
  const [last = now, , third = last, fourth = third] = parseSchedule(schedule).previous(now, 4);
  return Math.max(now.getTime() - third.getTime(), last.getTime() - fourth.getTime());
}
