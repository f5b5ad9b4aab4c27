// Announces everything that is due since the last accepted alert.
//
// 1. If the cursor holds an unfinished attempt, the next process sends it first, under the attempt's own id.
// 2. Then it takes everything due up to the newest run, writes this range into the cursor as an attempt, and claims it.
// 3. It stamps the drift that the attempt announces, and seals the attempt.
// 4. It sends one message. If the receiver accepts it, the cursor moves. If not, the attempt stays, with the error.
// 5. If there is nothing to announce, the cursor moves without a message.
import { deliver } from '../alerts/deliver.ts';
import { nextAttempt } from '../alerts/due.ts';
import { MailscopeError } from '../errors.ts';
import { runNumberOf } from '../runs/runState.ts';
import { ownsTables } from '../runs/tablesOwner.ts';
import type { Services } from '../services.ts';
import type { AlertSettings } from '../settings/settings.ts';
import { type Attempt, type Cursor, type Due, stampOf } from '../storage/cursorStore.ts';
import type { AlertMessage } from '../storage/queues.ts';
import { quoted } from '../storage/rows.ts';
import type { Run, Stored } from '../storage/runStore.ts';
import { claimEnd, isClaimed } from './claim.ts';
import { collectAlert } from './collectAlert.ts';
import { runsSince } from './runsSince.ts';
import { sealAttempt } from './sealAttempt.ts';

/** Runs to read before the cursor, because some rules look at earlier runs. */
const RUNS_BEFORE = 12;
/** A run queues its alert a moment before its end is written, so wait for the end. */
const END_WAIT_MS = 5_000;
const LOOK_MS = 100;

/** @throws MailscopeError `alert-undelivered` when the fault may pass; the queue then tries the message again */
export async function deliverAlert(services: Services, message: AlertMessage): Promise<void> {
  const { runId } = message;
  const { alerts } = services.settings();
  if (!alerts) return services.log('info', 'alert.off', { runId });
  await untilEnded(services, runId);
  do {
    // Whoever owns the tables now announces what is due, with the next run.
    if (!(await ownsTables(services))) return services.log('warn', 'alert.left', { runId });
  } while (await step(services, alerts));
}

/** Does one step; true when there may be more to do. */
async function step(services: Services, settings: AlertSettings): Promise<boolean> {
  const { cursor: store } = services.storage();
  const stored = await store.get();
  const cursor = stored?.value ?? null;
  if (stored && cursor?.attempt) {
    if (isClaimed(cursor.claimedUntil, services.now())) {
      await services.sleep(LOOK_MS);
      return true;
    }
    // What an attempt has taken stays with it. One that has not taken everything yet is begun again, under another pass.
    const attempt = cursor.attempt.sealed ? cursor.attempt : unsealed(services, cursor.attempt);
    const claimed = { ...cursor, attempt, claimedUntil: claimEnd(services.now()) };
    return (await store.write(claimed, stored.etag)) ? send(services, settings, attempt) : true;
  }
  const due = await take(services, settings, cursor);
  if (!due) return false;
  const attempt = unsealed(services, due);
  const next: Cursor = { ...(cursor ?? emptyCursor(attempt)), attempt, claimedUntil: claimEnd(services.now()) };
  return (await store.write(next, stored?.etag ?? null)) ? send(services, settings, attempt) : true;
}

function unsealed(services: Services, due: Due): Attempt {
  return { ...due, pass: services.newId(), sealed: false };
}

async function take(services: Services, { pauseUntil }: AlertSettings, cursor: Cursor | null): Promise<Due | null> {
  const runs = await endedRuns(services, cursor);
  const now = services.now();
  const paused = pauseUntil !== undefined && now < pauseUntil;
  const { resource } = services.settings();
  return nextAttempt(cursor, runs, { now, paused, couldSee: await couldSee(services), resource });
}

/** Sends an attempt that is claimed; true when there may be more to do. */
async function send(services: Services, settings: AlertSettings, claimed: Attempt): Promise<boolean> {
  const attempt = claimed.sealed ? claimed : await sealAttempt(services, claimed);
  if (!attempt) return true;
  const alert = await collectAlert(services, attempt, settings);
  if (!alert) {
    await settle(services, attempt, null);
    return true;
  }
  const { result, status, error, answer } = await deliver(alert, settings, services.now());
  const data = { id: alert.id, result, status, error, ...(answer === null ? {} : { answer }), counts: alert.counts };
  services.log(result === 'accepted' ? 'info' : 'error', `alert.${result}`, data);
  await settle(services, attempt, error);
  if (result === 'again')
    throw new MailscopeError('alert-undelivered', error ?? 'The webhook did not accept the alert.');
  return result === 'accepted';
}

/** Moves the cursor past an accepted attempt, or keeps the attempt with its error for the next process. */
async function settle(services: Services, attempt: Attempt, lastError: string | null): Promise<void> {
  const { cursor: store } = services.storage();
  for (;;) {
    const stored = await store.get();
    // The claim was over, and another process has sent the attempt.
    if (stored?.value.attempt?.id !== attempt.id) return;
    const kept = { ...stored.value, claimedUntil: null, lastError };
    const settled = lastError === null ? moved(kept, attempt, services.now()) : kept;
    if (await store.write(settled, stored.etag)) return;
  }
}

function moved(cursor: Cursor, attempt: Attempt, now: Date): Cursor {
  const { breaches, rest, monitor, roles } = attempt;
  return {
    ...cursor,
    lastStamp: stampOf(attempt),
    breachesUpTo: breaches.upTo,
    breachesAt: breaches.to,
    restUpTo: rest?.upTo ?? cursor.restUpTo,
    restAt: rest?.to ?? cursor.restAt,
    blind: monitor === null ? cursor.blind : monitor === 'blind',
    roles,
    attempt: null,
    lastAcceptedAt: now.toISOString(),
  };
}

function emptyCursor({ breaches, roles }: Attempt): Cursor {
  const { after, from } = breaches;
  const place = { breachesUpTo: after, breachesAt: from, restUpTo: after, restAt: from };
  const nothing = { attempt: null, lastStamp: null, claimedUntil: null, lastError: null, lastAcceptedAt: null };
  return { ...place, blind: false, roles, ...nothing };
}

/** The runs that have ended since the cursor, and some before it, newest first. */
async function endedRuns(services: Services, cursor: Cursor | null): Promise<readonly Run[]> {
  const after = cursor ? Math.min(cursor.breachesUpTo, cursor.restUpTo) : Number.POSITIVE_INFINITY;
  const found: Run[] = [];
  let before = 0;
  for await (const run of runsSince(services, 0)) {
    found.push(run);
    if (run.number <= after) before += 1;
    if (before >= RUNS_BEFORE) break;
  }
  return found.filter(({ status }) => status !== 'running');
}

/** Whether an allowed mailbox was readable once, or its grace period is over. */
async function couldSee(services: Services): Promise<boolean> {
  const { rules } = services.settings();
  const opened = new Date(services.now().getTime() - rules.propagationMinutes * 60_000).toISOString();
  const condition = `expectation eq 'allowed' and (provenAt ge '1' or declaredAt le ${quoted(opened)})`;
  return (await services.storage().mailboxes.list({ conditions: [condition] }, 1, '')).items.length > 0;
}

/**
 * Waits for the end of the run. A run queues its alert before it is closed, so that a crash in between loses no alert.
 */
async function untilEnded(services: Services, runId: string): Promise<void> {
  const number = runNumberOf(runId) ?? 0;
  for (let waitedMs = 0; waitedMs < END_WAIT_MS; waitedMs += LOOK_MS) {
    const run: Stored<Run> | null = await services.storage().runs.get(number);
    if (run?.value.status !== 'running') return;
    await services.sleep(LOOK_MS);
  }
  throw new MailscopeError('alert-undelivered', `The run ${runId} has not ended yet.`);
}
