// What a run saw, in numbers. Made from states alone, so that a shard that was done twice counts once.
import type { MessageClass, Outcome } from './classify.ts';
import { isDrift, type MailboxState, type Verdict } from './judge.ts';

export interface Tally {
  /** Mailboxes judged. */
  readonly mailboxes: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly messageClasses: Readonly<Record<MessageClass, number>>;
  /** Drift opened and closed. */
  readonly opened: number;
  readonly closed: number;
  readonly added: number;
  readonly redeclared: number;
}

export const EMPTY_TALLY: Tally = {
  mailboxes: 0,
  outcomes: { readable: 0, refused: 0, inconclusive: 0 },
  verdicts: { compliant: 0, breach: 0, lockout: 0, unverified: 0, pending: 0 },
  messageClasses: { 'application-access-policy': 0, generic: 0, other: 0 },
  opened: 0,
  closed: 0,
  added: 0,
  redeclared: 0,
};

/** Counts the states that run `number` has judged; others are left out. */
export function tally(states: Iterable<MailboxState>, number: number): Tally {
  const count = structuredClone(EMPTY_TALLY) as { -readonly [Key in keyof Tally]: Tally[Key] } & {
    outcomes: Record<Outcome, number>;
    verdicts: Record<Verdict, number>;
    messageClasses: Record<MessageClass, number>;
  };
  for (const state of states) {
    if (state.lastRun !== number) continue;
    count.mailboxes += 1;
    count.outcomes[state.lastOutcome] += 1;
    count.verdicts[state.verdict] += 1;
    if (state.lastMessageClass) count.messageClasses[state.lastMessageClass] += 1;
    if (isDrift(state.verdict) && state.sinceRun === number) count.opened += 1;
    if (state.closedRun === number) count.closed += 1;
    if (state.addedRun === number) count.added += 1;
    else if (state.declaredRun === number) count.redeclared += 1;
  }
  return count;
}

/** The sum of the shards' tallies. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(add, EMPTY_TALLY);
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
  };
}

function addEach<Key extends string>(a: Readonly<Record<Key, number>>, b: Readonly<Record<Key, number>>) {
  const entries = Object.entries<number>(a).map(([key, value]) => [key, value + (b[key as Key] ?? 0)]);
  return Object.fromEntries(entries) as Record<Key, number>;
}
