// Decides what is due for an alert, from the cursor and the runs since then. Pure.
import { RESOURCES, type ResourceName } from '../rules/resources.ts';
import type { Cursor, Due } from '../storage/cursorStore.ts';
import type { Run } from '../storage/runStore.ts';

export interface DueOptions {
  readonly now: Date;
  /** Whether a pause holds back everything but breaches. */
  readonly paused: boolean;
  /** Whether an allowed mailbox was readable once, or had enough time to become readable. */
  readonly couldSee: boolean;
  /** What the runs asked for. Only roles that read it are announced. */
  readonly resource: ResourceName;
}

/**
 * The next attempt, or null when everything up to the newest run was announced.
 *
 * @param runs ended runs, newest first: at least those since the cursor, and a few before
 */
export function nextAttempt(cursor: Cursor | null, runs: readonly Run[], options: DueOptions): Due | null {
  const [newest] = runs;
  if (!newest) return null;
  const { now, paused, couldSee } = options;
  const before = runs.find(({ number }) => number < newest.number);
  // The first alert begins at the newest run. Nobody had asked for alerts before.
  const start = { number: before?.number ?? newest.number - 1, at: before?.startedAt ?? newest.startedAt };
  const breachesAfter = cursor ? { number: cursor.breachesUpTo, at: cursor.breachesAt } : start;
  const restAfter = cursor ? { number: cursor.restUpTo, at: cursor.restAt } : start;
  // One attempt a run: its id and its stamps are the run's. What a pause held goes out with the run after it.
  if (breachesAfter.number >= newest.number) return null;

  const range = ({ number, at }: { number: number; at: string }) => {
    // A clock that was ahead must not make the range end before it begins.
    const from = at < newest.startedAt ? at : newest.startedAt;
    return { after: number, upTo: newest.number, from, to: newest.startedAt };
  };
  const roles = rolesChange(cursor, runs, newest, options);
  const blind = isBlind(runs) && couldSee;
  const sees = isHeld(completed(runs)[0]);
  const monitor = blind && !cursor?.blind ? 'blind' : sees && cursor?.blind ? 'seeing' : null;
  return {
    id: newest.id,
    takenAt: now.toISOString(),
    breaches: range(breachesAfter),
    rest: paused ? null : range(restAfter),
    first: cursor === null,
    monitor: paused ? null : monitor,
    blind: blind || (cursor?.blind === true && !sees),
    ...roles,
  };
}

function completed(runs: readonly Run[]): readonly Run[] {
  return runs.filter(({ status }) => status === 'completed');
}

function isHeld(run: Run | undefined): boolean {
  return run?.result?.controlHeld === true;
}

/** Whether the control did not hold in two completed runs in a row. */
function isBlind(runs: readonly Run[]): boolean {
  const [last, before] = completed(runs);
  return last !== undefined && before !== undefined && !isHeld(last) && !isHeld(before);
}

/**
 * A read role is known if it was announced or was there from the beginning. It is lost if three runs did not see it.
 */
function rolesChange(cursor: Cursor | null, runs: readonly Run[], newest: Run, { paused, resource }: DueOptions) {
  const { isReadRole } = RESOURCES[resource];
  const after = cursor ? Math.min(cursor.breachesUpTo, cursor.restUpTo) : newest.number - 1;
  const since = runs.filter(({ number }) => number > after);
  const seen = new Set(since.flatMap(({ result }) => result?.roles ?? []).filter(isReadRole));
  if (!cursor) return { rolesGained: [], rolesLost: [], roles: [...seen].sort() };
  const known = cursor.roles.filter(isReadRole);
  const gained = [...seen].filter((role) => !known.includes(role)).sort();
  // A role that the pause holds back stays unknown, so that it is announced after the pause.
  const rolesGained = paused && !opensMailboxes(runs) ? [] : gained;
  const three = completed(runs).slice(0, 3);
  const isLost = (role: string) => three.length === 3 && three.every(({ result }) => !result?.roles.includes(role));
  const rolesLost = paused ? [] : known.filter(isLost);
  const roles = [...known.filter((role) => !rolesLost.includes(role)), ...rolesGained].sort();
  return { rolesGained, rolesLost, roles };
}

/** Whether a read role opens denied mailboxes. It does unless an application access policy refuses them. */
export function opensMailboxes(runs: readonly Run[]): boolean {
  const last = completed(runs).find(({ result }) => result && result.byExpectation.denied.refused > 0)?.result;
  const listed = completed(runs)[0]?.result?.byExpectation.denied;
  if (!listed || listed.readable + listed.refused + listed.inconclusive === 0) return false;
  return !last || last.messageClasses['application-access-policy'] === 0;
}

/** Whether a reminder falls into the range. One is due every `hours` after the opening. */
export function isReminderDue(openedAt: string, range: { from: string; to: string }, hours: number): boolean {
  if (hours === 0) return false;
  const passed = (time: string) => Math.floor((Date.parse(time) - Date.parse(openedAt)) / (hours * 3_600_000));
  return passed(range.to) >= 1 && passed(range.to) > Math.max(0, passed(range.from));
}
