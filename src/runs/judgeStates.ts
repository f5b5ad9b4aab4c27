// Judges the states of a shard, and writes each under its ETag. Another process may do the same shard at the same time.
import type { Services } from '../services.ts';
import type { MailboxChange, MailboxRecord, StoredMailbox } from '../storage/mailboxStore.ts';
import type { Run } from '../storage/runStore.ts';
import type { Lease } from '../storage/tables.ts';
import { changeOf, removalOf, type Sighting } from './mailboxChanges.ts';

/** The run whose sightings are judged, and the time in which it may write. */
export interface Judging {
  readonly services: Services;
  readonly run: Run;
  readonly lease: Lease;
}

/** The states in the shard's range, as read from the table. */
export type States = Map<string, StoredMailbox>;

// Only another process with the same shard can change its states, and each round judges some of them.
const MOST_ROUNDS = 8;

/** Judges the sightings, and returns the states it wrote. A state that has changed is read again into `stored`. */
export async function judgeAll(
  work: Judging,
  stored: States,
  sightings: readonly Sighting[],
): Promise<MailboxRecord[]> {
  const { services, run, lease } = work;
  const { mailboxes } = services.storage();
  const written: MailboxRecord[] = [];
  let open = sightings;
  for (let round = 1; open.length > 0; round += 1) {
    if (round > MOST_ROUNDS)
      throw new Error('another process keeps changing the states of this shard; it must be done again');
    const changes = open.flatMap(
      (one) => changeOf(stored.get(one.mailbox) ?? null, one, run, services.settings()) ?? [],
    );
    const conflicts = new Set(await mailboxes.write(changes, lease));
    for (const change of changes.filter(({ next }) => !conflicts.has(next.mailbox))) {
      written.push(change.next);
      reportDrift(work, change);
    }
    open = open.filter(({ mailbox }) => conflicts.has(mailbox));
    await Promise.all(open.map(({ mailbox }) => readAgain(work, stored, mailbox)));
    for (const change of changes.filter(({ next }) => conflicts.has(next.mailbox))) {
      // Written although the answer was lost. Somebody who does the same shard may log it too: better twice than never.
      if (isWritten(change, stored.get(change.next.mailbox))) reportDrift(work, change);
    }
  }
  return written;
}

function isWritten({ next }: MailboxChange, found: StoredMailbox | undefined): boolean {
  return found?.record.lastRun === next.lastRun && found.record.openDrift?.id === next.openDrift?.id;
}

async function readAgain({ services }: Judging, stored: States, mailbox: string): Promise<void> {
  const found = await services.storage().mailboxes.get(mailbox);
  if (found) stored.set(mailbox, found);
  else stored.delete(mailbox);
}

/** Drift names its mailbox in the log, because a person must act on it. */
function reportDrift({ services, run }: Judging, { closed, opened }: MailboxChange): void {
  const { log } = services;
  if (closed) {
    const { id, mailbox, kind, closedBecause } = closed;
    log('info', 'drift.closed', { runId: run.id, id, mailbox, kind, closedBecause });
  }
  if (opened)
    log('error', 'drift.opened', { runId: run.id, id: opened.id, mailbox: opened.mailbox, kind: opened.kind });
}

/** Closes the drift of a mailbox no longer listed, then deletes its state. */
export async function removeUnlisted(work: Judging, unlisted: StoredMailbox): Promise<void> {
  const { services, run, lease } = work;
  const { mailboxes } = services.storage();
  let stored: StoredMailbox | null = unlisted;
  // If this shard is late, a newer run may have listed the mailbox again.
  for (let round = 1; stored && stored.record.lastRun < run.number && round <= MOST_ROUNDS; round += 1) {
    const change = removalOf(stored, run);
    if (change && (await mailboxes.write([change], lease)).length === 0) reportDrift(work, change);
    else if (!change && (await mailboxes.remove(stored, lease))) return;
    stored = await mailboxes.get(unlisted.record.mailbox);
  }
  if (stored && stored.record.lastRun < run.number)
    throw new Error('another process keeps changing the state of a mailbox that is no longer listed');
}
