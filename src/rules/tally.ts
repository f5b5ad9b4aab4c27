// Counts what a run saw. It counts only states, so a shard that was done twice counts once.
import type { MessageClass, Outcome } from './classify.ts';
import { type DriftKind, isDrift, type MailboxState, type Verdict } from './judge.ts';
import type { Expectation } from './mailbox.ts';

export interface Tally {
  /** The number of judged mailboxes. */
  readonly mailboxes: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly messageClasses: Readonly<Record<MessageClass, number>>;
  /** The number of drifts opened and closed. */
  readonly opened: number;
  readonly closed: number;
  readonly added: number;
  readonly redeclared: number;
  /** The outcomes for each expectation, as evidence for the cause. */
  readonly byExpectation: Readonly<Record<Expectation, Readonly<Record<Outcome, number>>>>;
  /** The verdicts for each expectation; null if a shard was counted by an earlier version: unknown, never fine. */
  readonly verdictsByExpectation: Readonly<Record<Expectation, Readonly<Record<Verdict, number>>>> | null;
  /**
   * When the denied mailbox that waits longest for proof was last proven, or declared if it never was; ISO 8601 UTC. Null
   * when none is denied, and when it is unknown.
   */
  readonly oldestProof: string | null;
  readonly openedByKind: Readonly<Record<DriftKind, number>>;
  /** The first few mailboxes whose breach or lockout opened. */
  readonly openedNames: Readonly<Record<'breach' | 'lockout', readonly string[]>>;
}

/** The largest number of names that a cause lists. */
export const A_FEW = 5;

/** A tally that this version has counted, so that everything is known. */
interface CountedTally extends Tally {
  readonly verdictsByExpectation: NonNullable<Tally['verdictsByExpectation']>;
}

/** A new object each time, because a copy of the empty tally is counted in. */
const noVerdicts = (): Record<Verdict, number> => ({
  compliant: 0,
  breach: 0,
  lockout: 0,
  unverified: 0,
  pending: 0,
});

export const EMPTY_TALLY: CountedTally = {
  mailboxes: 0,
  outcomes: { readable: 0, refused: 0, inconclusive: 0 },
  verdicts: noVerdicts(),
  messageClasses: { 'application-access-policy': 0, generic: 0, other: 0 },
  opened: 0,
  closed: 0,
  added: 0,
  redeclared: 0,
  byExpectation: {
    allowed: { readable: 0, refused: 0, inconclusive: 0 },
    denied: { readable: 0, refused: 0, inconclusive: 0 },
  },
  verdictsByExpectation: { allowed: noVerdicts(), denied: noVerdicts() },
  oldestProof: null,
  openedByKind: { breach: 0, lockout: 0, unverified: 0 },
  openedNames: { breach: [], lockout: [] },
};

type Writable<T> = {
  -readonly [Key in keyof T]: T[Key] extends readonly string[]
    ? string[]
    : T[Key] extends object
      ? Writable<T[Key]>
      : T[Key];
};

/**
 * Counts the states that run `number` has judged, and no others. But every state counts for the oldest proof: a mailbox
 * that the run did not see must not make it look younger.
 *
 * @param states one for each listed mailbox that has one under its present expectation
 */
export function tally(states: Iterable<MailboxState>, number: number): Tally {
  const count = structuredClone(EMPTY_TALLY) as Writable<CountedTally>;
  for (const state of states) {
    if (state.lastRun === number) countState(count, state, number);
    if (state.expectation === 'denied')
      count.oldestProof = earliest(count.oldestProof, state.provenAt ?? state.declaredAt);
  }
  return count;
}

function earliest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function countState(count: Writable<CountedTally>, state: MailboxState, number: number): void {
  const { verdict, lastOutcome, lastMessageClass, expectation, mailbox } = state;
  count.mailboxes += 1;
  count.outcomes[lastOutcome] += 1;
  count.byExpectation[expectation][lastOutcome] += 1;
  count.verdicts[verdict] += 1;
  count.verdictsByExpectation[expectation][verdict] += 1;
  if (lastMessageClass) count.messageClasses[lastMessageClass] += 1;
  if (state.closedRun === number) count.closed += 1;
  if (state.addedRun === number) count.added += 1;
  else if (state.declaredRun === number) count.redeclared += 1;
  if (!isDrift(verdict) || state.sinceRun !== number) return;
  count.opened += 1;
  count.openedByKind[verdict] += 1;
  if (verdict !== 'unverified' && count.openedNames[verdict].length < A_FEW) count.openedNames[verdict].push(mailbox);
}

/** The sum of the shards' tallies. What one of them does not know, the sum does not know. */
export function sum(tallies: readonly Tally[]): Tally {
  const total = tallies.reduce<Tally>(add, EMPTY_TALLY);
  return total.verdictsByExpectation === null ? { ...total, oldestProof: null } : total;
}

function add(a: Tally, b: Tally): Tally {
  return {
    mailboxes: a.mailboxes + b.mailboxes,
    outcomes: addEach(a.outcomes, b.outcomes),
    verdicts: addEach(a.verdicts, b.verdicts),
    messageClasses: addEach(a.messageClasses, b.messageClasses),
    opened: a.opened + b.opened,
    closed: a.closed + b.closed,
    added: a.added + b.added,
    redeclared: a.redeclared + b.redeclared,
    byExpectation: {
      allowed: addEach(a.byExpectation.allowed, b.byExpectation.allowed),
      denied: addEach(a.byExpectation.denied, b.byExpectation.denied),
    },
    verdictsByExpectation: addVerdicts(a.verdictsByExpectation, b.verdictsByExpectation),
    oldestProof: earliest(a.oldestProof, b.oldestProof ?? null),
    openedByKind: addEach(a.openedByKind, b.openedByKind),
    openedNames: {
      breach: [...a.openedNames.breach, ...b.openedNames.breach].slice(0, A_FEW),
      lockout: [...a.openedNames.lockout, ...b.openedNames.lockout].slice(0, A_FEW),
    },
  };
}

/** A row of an earlier version has no verdicts for each expectation. */
function addVerdicts(a: Tally['verdictsByExpectation'], b: Tally['verdictsByExpectation'] | undefined) {
  if (!a || !b) return null;
  return { allowed: addEach(a.allowed, b.allowed), denied: addEach(a.denied, b.denied) };
}

function addEach<Key extends string>(a: Readonly<Record<Key, number>>, b: Readonly<Record<Key, number>>) {
  const entries = Object.entries<number>(a).map(([key, value]) => [key, value + (b[key as Key] ?? 0)]);
  return Object.fromEntries(entries) as Record<Key, number>;
}
