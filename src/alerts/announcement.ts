// Which alert announces which drift. Each opening and each end belongs to one attempt, whenever it was written. Pure.
import { type Attempt, type RunRange, stampOf } from '../storage/cursorStore.ts';
import { type Announcement, type DriftSummary, DUE } from '../storage/driftStore.ts';
import type { Happening } from './alert.ts';
import { isReminderDue } from './due.ts';

/** Written on what happened before alerts began: no alert announces it. */
const NOBODY = 'none';

/**
 * The stamps that an attempt writes on a drift. Null where there is nothing to take: an alert has it already, it belongs to
 * a later run, or a pause holds it.
 *
 * @param lastStamp of the attempt before
 */
export function stampsFor(drift: DriftSummary, attempt: Attempt, lastStamp: string | null): Announcement {
  const range = rangeOf(drift, attempt);
  if (range === null) return { openedAlert: null, closedAlert: null };
  const isFree = (stamp: string | null) => isUnclaimed(stamp, attempt, lastStamp);
  const isOpen = isOpenAt(drift, range);
  // The first alert tells of all drift that is open, even if an alert of an earlier cursor has told of it.
  const opens = isFree(drift.openedAlert) || (attempt.first && isOpen && isForeign(drift.openedAlert, attempt));
  const closes = isFree(drift.closedAlert) && !isOpen;
  const stamp = (isTold: boolean) => (attempt.first && !isTold ? NOBODY : stampOf(attempt));
  return {
    openedAlert: opens && drift.openedRun <= range.upTo ? stamp(isOpen || isWithin(drift.openedRun, range)) : null,
    closedAlert: closes ? stamp(isWithin(drift.closedRun, range)) : null,
  };
}

/** What of a drift an attempt announces. A drift may have opened and recovered in one attempt. */
export function happeningsOf(drift: DriftSummary, attempt: Attempt, reminderHours: number): Happening[] {
  const range = rangeOf(drift, attempt);
  if (range === null) return [];
  const isOpen = isOpenAt(drift, range);
  // A row without stamps was written by a version that went by the numbers of runs alone.
  const opened =
    drift.openedAlert === null
      ? isWithin(drift.openedRun, range) || (attempt.first && isOpen && drift.openedRun <= range.upTo)
      : drift.openedAlert === stampOf(attempt);
  const closed = drift.closedAlert === null ? isWithin(drift.closedRun, range) : drift.closedAlert === stampOf(attempt);
  const wasTold = !opened && drift.openedAlert !== DUE && drift.openedRun <= range.upTo;
  const reminds = wasTold && isOpen && drift.kind !== 'unverified';
  const happenings: Happening[] = [];
  // A mailbox that never was as declared is no news, unless it is a breach.
  if (opened && (drift.kind === 'breach' || !drift.firstSight)) happenings.push('opened');
  if (closed) happenings.push(endingOf(drift));
  if (reminds && isReminderDue(drift.openedAt, range, reminderHours)) happenings.push('reminder');
  return happenings;
}

function endingOf({ closedBecause, recovered }: DriftSummary): Happening {
  if (closedBecause !== 'refused' && closedBecause !== 'readable') return 'ended';
  return recovered === false ? 'changed' : 'recovered';
}

function rangeOf({ kind }: DriftSummary, { breaches, rest }: Attempt): RunRange | null {
  return kind === 'breach' ? breaches : rest;
}

function isOpenAt({ closedRun }: DriftSummary, { upTo }: RunRange): boolean {
  return closedRun === null || closedRun > upTo;
}

function isWithin(run: number | null, { after, upTo }: RunRange): boolean {
  return run !== null && run > after && run <= upTo;
}

/** No attempt has it: it is due, or a pass that did not seal its attempt has left its stamp. */
function isUnclaimed(stamp: string | null, attempt: Attempt, lastStamp: string | null): boolean {
  if (stamp === null) return false;
  const [id] = stamp.split('~', 1);
  const isOfLast = lastStamp !== null && stamp !== lastStamp && id === lastStamp.split('~', 1)[0];
  return stamp === DUE || isOfLast || (id === attempt.id && stamp !== stampOf(attempt));
}

function isForeign(stamp: string | null, attempt: Attempt): boolean {
  return stamp !== null && stamp !== stampOf(attempt);
}
