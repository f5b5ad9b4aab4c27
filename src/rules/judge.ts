// Decides the verdict of a mailbox: the heart of Mailscope. Pure: the old state and an observation give the next state.
import type { MessageClass, Outcome, Reason } from './classify.ts';
import type { Expectation } from './mailbox.ts';
import { holesBefore, RECENT_RUNS, withHoles } from './missedTicks.ts';
import type { Observation } from './observation.ts';

/**
 * `compliant`; `breach`: denied but readable; `lockout`: allowed but refused; `unverified`: no proof for some runs;
 * `pending`: undecided, because the mailbox is new, or the result differs and no second run has confirmed it.
 */
export type Verdict = (typeof VERDICTS)[number];
export const VERDICTS = ['compliant', 'breach', 'lockout', 'unverified', 'pending'] as const;

/** The verdicts that open a drift. */
export type DriftKind = (typeof DRIFT_KINDS)[number];
export const DRIFT_KINDS = ['breach', 'lockout', 'unverified'] as const satisfies readonly Verdict[];

/** The state of a mailbox between runs. Times are ISO 8601 UTC. */
export interface MailboxState {
  readonly mailbox: string;
  readonly expectation: Expectation;
  readonly verdict: Verdict;
  /** Start and number of the run in which the verdict began. They determine the id and the opening of a drift. */
  readonly since: string;
  readonly sinceRun: number;
  /** The first run that saw the mailbox. */
  readonly addedRun: number;
  /** Start and number of the first run under the present expectation. The grace period begins there. */
  readonly declaredAt: string;
  readonly declaredRun: number;
  /** The last time it was seen as declared. */
  readonly provenAt: string | null;
  readonly lastRun: number;
  /** `missedTotal` of that run; null in rows of an earlier version. */
  readonly missedTotal: number | null;
  /** The last run with a conclusive result. */
  readonly lastConclusiveRun: number | null;
  /** Refusals in a row of an allowed mailbox. */
  readonly refusals: number;
  readonly lastOutcome: Outcome;
  readonly lastReason: Reason | null;
  readonly lastMessageClass: MessageClass | null;
  readonly lastControlHeld: boolean;
  readonly lastCheckedAt: string;
  /** The last run that closed a drift of this mailbox. */
  readonly closedRun: number | null;
  /**
   * One letter a run, newest last, 48 at most: `o` readable, `x` refused, `?` no result. A denied mailbox's refusal whose
   * control did not hold is no result. `.` is a hole: a run that did not reach the mailbox, or a missed tick.
   */
  readonly recent: string;
}

export interface RuleSettings {
  readonly propagationMinutes: number;
  readonly lockoutAfterRuns: number;
  readonly unverifiedAfterRuns: number;
}

/** The run that judges. The order of runs is their number, and the present time is the run's start. */
export interface JudgingRun {
  readonly number: number;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  /** The missed ticks of this run and all before it; null for a run that an earlier version began. */
  readonly missedTotal: number | null;
}

export interface Judgement {
  readonly expectation: Expectation;
  readonly run: JudgingRun;
  readonly rules: RuleSettings;
}

const LETTERS: Readonly<Record<Outcome, string>> = { readable: 'o', refused: 'x', inconclusive: '?' };

/**
 * The next state of a mailbox. The first row that fits gives the verdict; `docs/verdicts.md` shows the same table:
 *
 * | expectation | outcome      | and                                                     | verdict                 |
 * | ----------- | ------------ | ------------------------------------------------------- | ----------------------- |
 * | denied      | refused      | the control held                                        | `compliant`             |
 * | denied      | refused      | the control did not hold                                | as inconclusive         |
 * | denied      | readable     | a breach is open, or settled                            | `breach`, at once       |
 * | denied      | readable     | otherwise                                               | `pending`               |
 * | allowed     | readable     |                                                         | `compliant`             |
 * | allowed     | refused      | a lockout is open; or enough refusals, and settled      | `lockout`               |
 * | allowed     | refused      | otherwise                                               | `pending`               |
 * | any         | inconclusive | a breach or lockout is open                             | unchanged, however long |
 * | any         | inconclusive | no result for `UNVERIFIED_AFTER_RUNS` runs, and settled | `unverified`            |
 * | any         | inconclusive | otherwise                                               | unchanged, or `pending` |
 *
 * Settled: an earlier run saw the mailbox as declared, or its grace period is over. Under a new expectation everything
 * remembered starts from the beginning. A state that this run or a later one has judged stays as it is.
 */
export function judge(previous: MailboxState | null, observation: Observation, judgement: Judgement): MailboxState {
  const { expectation, run } = judgement;
  if (previous !== null && previous.lastRun >= run.number) return previous;
  const known = previous?.expectation === expectation ? previous : null;
  const shown = whatItShows(observation, expectation);
  const proves = shown === (expectation === 'denied' ? 'refused' : 'readable');

  const memory = {
    declaredAt: earlier(known?.declaredAt ?? run.startedAt, run.startedAt),
    declaredRun: known?.declaredRun ?? run.number,
    lastConclusiveRun: shown === 'inconclusive' ? (known?.lastConclusiveRun ?? null) : run.number,
    refusals: countRefusals(known, shown, expectation),
  };
  const verdict = decide(known, shown, memory, judgement);
  const changed = known?.verdict !== verdict;
  const closes = previous !== null && isDrift(previous.verdict) && changed;
  return {
    mailbox: observation.mailbox,
    expectation,
    verdict,
    since: changed ? run.startedAt : known.since,
    sinceRun: changed ? run.number : known.sinceRun,
    addedRun: previous?.addedRun ?? run.number,
    ...memory,
    provenAt: proves ? observation.checkedAt : (known?.provenAt ?? null),
    lastRun: run.number,
    missedTotal: run.missedTotal,
    lastOutcome: observation.outcome,
    lastReason: observation.reason,
    lastMessageClass: observation.messageClass,
    lastControlHeld: observation.controlHeld,
    lastCheckedAt: observation.checkedAt,
    closedRun: closes ? run.number : (known?.closedRun ?? null),
    recent: (recentBefore(known, run) + LETTERS[shown]).slice(-RECENT_RUNS),
  };
}

/** What is remembered of the runs before, up to the start of this one. */
function recentBefore(known: MailboxState | null, run: JudgingRun): string {
  return known === null ? '' : withHoles(known.recent, holesBefore(run, known));
}

/** A clock that was ahead when the mailbox was declared must not keep its grace period open for so long. */
function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** Whether a verdict opens a drift. */
export function isDrift(verdict: Verdict): verdict is DriftKind {
  return DRIFT_KINDS.some((kind) => kind === verdict);
}

type Memory = Pick<MailboxState, 'declaredAt' | 'declaredRun' | 'lastConclusiveRun' | 'refusals'>;

function decide(known: MailboxState | null, shown: Outcome, memory: Memory, judgement: Judgement): Verdict {
  const { expectation, run, rules } = judgement;
  const wasProven = known !== null && known.provenAt !== null;
  const settled = wasProven || windowIsOver(memory.declaredAt, judgement);
  const open = known?.verdict;

  if (shown === 'inconclusive') {
    if (open === 'breach' || open === 'lockout') return open;
    // Run numbers, not writes: so a mailbox that no shard reached ages too.
    const runs = run.number - (memory.lastConclusiveRun ?? memory.declaredRun - 1);
    return runs >= rules.unverifiedAfterRuns && settled ? 'unverified' : (open ?? 'pending');
  }
  if (expectation === 'denied') {
    if (shown === 'refused') return 'compliant';
    return open === 'breach' || settled ? 'breach' : 'pending';
  }
  if (shown === 'readable') return 'compliant';
  const confirmed = memory.refusals >= rules.lockoutAfterRuns && settled;
  return open === 'lockout' || confirmed ? 'lockout' : 'pending';
}

/** What an outcome counts as. A refusal of a denied mailbox counts as inconclusive unless the control held. */
export function whatItShows(
  { outcome, controlHeld }: Pick<Observation, 'outcome' | 'controlHeld'>,
  expectation: Expectation,
): Outcome {
  return expectation === 'denied' && outcome === 'refused' && !controlHeld ? 'inconclusive' : outcome;
}

/** An inconclusive run neither adds to a row of refusals nor ends it. */
function countRefusals(known: MailboxState | null, shown: Outcome, expectation: Expectation): number {
  if (expectation === 'denied' || shown === 'readable') return 0;
  return (known?.refusals ?? 0) + (shown === 'refused' ? 1 : 0);
}

/**
 * Exchange may apply a new policy only after an hour or more. Until the grace period is over, a wrong result is not
 * judged.
 */
function windowIsOver(declaredAt: string, { run, rules }: Judgement): boolean {
  return Date.parse(run.startedAt) >= Date.parse(declaredAt) + rules.propagationMinutes * 60_000;
}
