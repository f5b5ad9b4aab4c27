// What a run changes for one mailbox: its next state, and the drift that closes or opens. Pure.
import type { Message } from '../graph/latestMessage.ts';
import { type Drift, type DriftClosing, type DriftOpening, driftChanges } from '../rules/drift.ts';
import { type JudgingRun, judge } from '../rules/judge.ts';
import type { Observation } from '../rules/observation.ts';
import type { Settings } from '../settings/settings.ts';
import type { MailboxChange, MailboxRecord, StoredMailbox } from '../storage/mailboxStore.ts';
import type { ListedMailbox } from '../storage/plan.ts';

/** One listed mailbox as a run saw it. */
export interface Sighting extends ListedMailbox {
  readonly observation: Observation;
  /** The newest message; null unless this try of the shard could read the mailbox. */
  readonly message: Message | null;
}

/** Null when this run or a later one has judged the mailbox already. */
export function changeOf(
  stored: StoredMailbox | null,
  { expectation, observation, message }: Sighting,
  run: JudgingRun,
  { rules, storeSubjects }: Pick<Settings, 'rules' | 'storeSubjects'>,
): MailboxChange | null {
  const previous = stored?.record ?? null;
  const state = judge(previous, observation, { expectation, run, rules });
  if (state === previous) return null;
  const { closed, opened } = driftChanges(previous, state, run);
  const closedDrift = closed && closeDrift(previous, closed, observation);
  const openedDrift = opened && openDrift(opened, observation);
  // A mailbox that was not readable in this run keeps its last subject.
  const kept = previous?.expectation === 'allowed' ? lastMessage(previous) : NOTHING;
  const shown = observation.outcome === 'readable' ? (message ?? kept) : kept;
  const next = {
    ...state,
    openDrift: openedDrift ?? (closedDrift ? null : (previous?.openDrift ?? null)),
    ...(storeSubjects && expectation === 'allowed' ? columnsOf(shown) : columnsOf(NOTHING)),
  };
  return { previous: stored, next, closed: closedDrift, opened: openedDrift };
}

/** Closes the drift of a mailbox no longer listed; null when none is open, and its state can be deleted. */
export function removalOf(stored: StoredMailbox, run: JudgingRun): MailboxChange | null {
  const { closed } = driftChanges(stored.record, null, run);
  const drift = closed && closeDrift(stored.record, closed, null);
  if (!drift) return null;
  const since = { since: run.startedAt, sinceRun: run.number, closedRun: run.number };
  const next: MailboxRecord = { ...stored.record, ...since, verdict: 'pending', openDrift: null };
  return { previous: stored, next, closed: drift, opened: null };
}

const NOTHING: Message = { subject: null, receivedDateTime: null };

function lastMessage({ latestSubject, latestReceivedDateTime }: MailboxRecord): Message {
  return { subject: latestSubject, receivedDateTime: latestReceivedDateTime };
}

function columnsOf({ subject, receivedDateTime }: Message) {
  return { latestSubject: subject, latestReceivedDateTime: receivedDateTime };
}

function openDrift(opening: DriftOpening, observation: Observation): Drift {
  const open = { closedAt: null, closedRun: null, closedBecause: null };
  return { ...opening, ...open, evidence: { opened: observation } };
}

/** Only an answer is evidence. A new expectation or a removal from the list was not observed. */
function closeDrift(previous: MailboxRecord | null, closing: DriftClosing, observation: Observation | null): Drift {
  const open = previous?.openDrift;
  // A state with drift always has it in its row, because both are written together.
  if (!open) throw new Error(`the drift ${closing.id} must be closed, but the mailbox's row does not hold it`);
  const { closedBecause } = closing;
  const isAnswer = closedBecause === 'refused' || closedBecause === 'readable';
  if (!isAnswer || !observation) return { ...open, ...closing };
  const recovered = closedBecause === (previous?.expectation === 'denied' ? 'refused' : 'readable');
  return { ...open, ...closing, recovered, evidence: { ...open.evidence, closed: observation } };
}
