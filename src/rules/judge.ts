// Where a mailbox stands: the heart of Mailscope. Pure: what was remembered and what was seen in, what is remembered next out.
import type { MessageClass, Outcome, Reason } from './classify.ts';
import type { Expectation } from './mailbox.ts';
import type { Observation } from './observation.ts';

/**
 * `compliant`; `breach`: denied but readable; `lockout`: allowed but refused; `unverified`: nothing has proved it for some
 * runs; `pending`: not decided yet, first seen, or contrary and not confirmed.
 */
export type Verdict = (typeof VERDICTS)[number];
export const VERDICTS = ['compliant', 'breach', 'lockout', 'unverified', 'pending'] as const;

/** The verdicts that a drift is opened for. */
export type DriftKind = (typeof DRIFT_KINDS)[number];
export const DRIFT_KINDS = ['breach', 'lockout', 'unverified'] as const satisfies readonly Verdict[];

/** What is remembered of a mailbox between runs. Times are ISO 8601 UTC. */
export interface MailboxState {
  readonly mailbox: string;
  readonly expectation: Expectation;
  readonly verdict: Verdict;
  /** Start and number of the run that the verdict began with. A drift's id and opening follow from them. */
  readonly since: string;
  readonly sinceRun: number;
  /** The run that saw the mailbox first. */
  readonly addedRun: number;
  /** Start and number of the run that saw it first under its present expectation. The propagation window opens then. */
  readonly declaredAt: string;
  readonly declaredRun: number;
  /** When it was last observed as declared. */
  readonly provenAt: string | null;
  readonly lastRun: number;
  /** The last run that showed something. */
  readonly lastConclusiveRun: number | null;
  /** Of an allowed mailbox: refusals in a row. */
  readonly refusals: number;
  readonly lastOutcome: Outcome;
  readonly lastReason: Reason | null;
  readonly lastMessageClass: MessageClass | null;
  readonly lastControlHeld: boolean;
  readonly lastCheckedAt: string;
  /** The last run in which a drift of this mailbox was closed. */
  readonly closedRun: number | null;
  /** One letter a run, newest last, 48 at most: `o` readable, `x` refused, `?` inconclusive. */
  readonly recent: string;
}

export interface RuleSettings {
  readonly propagationMinutes: number;
  readonly lockoutAfterRuns: number;
  readonly unverifiedAfterRuns: number;
}

/** The run that judges. Runs are ordered by number; now is the run's start. */
export interface JudgingRun {
  readonly number: number;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
}

export interface Judgement {
  readonly expectation: Expectation;
  readonly run: JudgingRun;
  readonly rules: RuleSettings;
}

const RECENT_RUNS = 48;
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
    lastOutcome: observation.outcome,
    lastReason: observation.reason,
    lastMessageClass: observation.messageClass,
    lastControlHeld: observation.controlHeld,
    lastCheckedAt: observation.checkedAt,
    closedRun: closes ? run.number : (known?.closedRun ?? null),
    recent: ((known?.recent ?? '') + LETTERS[observation.outcome]).slice(-RECENT_RUNS),
  };
}

/** A clock that was ahead when the mailbox was declared must not keep its grace period open for so long. */
function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** Whether a verdict is one that a drift is opened for. */
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
    // Counted by numbers, so that a mailbox that no shard reached counts without being written.
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

/** What an outcome counts as: a refusal of a denied mailbox shows nothing unless the control held. */
export function whatItShows(
  { outcome, controlHeld }: Pick<Observation, 'outcome' | 'controlHeld'>,
  expectation: Expectation,
): Outcome {
  return expectation === 'denied' && outcome === 'refused' && !controlHeld ? 'inconclusive' : outcome;
}

/** An inconclusive run neither counts for nor breaks a row of refusals. */
function countRefusals(known: MailboxState | null, shown: Outcome, expectation: Expectation): number {
  if (expectation === 'denied' || shown === 'readable') return 0;
  return (known?.refusals ?? 0) + (shown === 'refused' ? 1 : 0);
}

/** A fresh policy needs an hour or more until Exchange obeys it; what is contrary before then is not held against it. */
function windowIsOver(declaredAt: string, { run, rules }: Judgement): boolean {
  return Date.parse(run.startedAt) >= Date.parse(declaredAt) + rules.propagationMinutes * 60_000;
}
