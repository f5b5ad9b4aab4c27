// Does one shard of a run. Every step may be done twice, and a process may die between any two.
//
// 1. A shard of another list, of a closed run, or one that is committed, is not done.
// 2. Its run is marked as alive, unless it was just now: for 110 seconds from the mark may be written.
// 3. Graph is asked about the mailboxes that this run has not judged.
// 4. The shard's row is written with what no other row tells: control, roles, what is to be removed.
// 5. The observations are inserted; where the run already has one, that one counts.
// 6. States are judged and written with the drift that they open or close, under their ETags.
// 7. States of mailboxes no longer listed are removed, their drift closed.
// 8. The shard's row is replaced by its tally, made from the states: the commit. The last shard closes the run.
import { observe, type ShardSeen } from '../graph/observe.ts';
import type { Seen } from '../graph/shardProbe.ts';
import type { Expectation } from '../rules/mailbox.ts';
import { tally } from '../rules/tally.ts';
import type { Services } from '../services.ts';
import type { MailboxChange, MailboxRecord, StoredMailbox } from '../storage/mailboxStore.ts';
import { borrowControls, type Plan, type PlannedShard } from '../storage/plan.ts';
import type { ShardMessage } from '../storage/queues.ts';
import type { Run, Stored } from '../storage/runStore.ts';
import type { ShardRecord } from '../storage/shardStore.ts';
import { closeRun } from './closeRun.ts';
import { type HeldLease, startLease } from './lease.ts';
import { changeOf, removalOf, type Sighting } from './mailboxChanges.ts';
import { runNumberOf } from './runState.ts';

export { SHARD_QUEUE } from '../storage/queues.ts';

const DEADLINE_MS = 90_000;
/** Of the lease, for writing what was seen. */
const TIME_TO_WRITE_MS = 15_000;
/** Seconds of the lease given up so that not every shard of a run has to mark it. */
const MARK_AGAIN_MS = 5_000;
// Only somebody who does the same shard at the same time changes its states, and each round some of them are judged.
const MOST_ROUNDS = 8;

interface Joined {
  readonly run: Run;
  readonly lease: HeldLease;
}

/** A shard under way. */
interface Work extends Joined {
  readonly services: Services;
  readonly plan: Plan;
  readonly shard: PlannedShard;
  /** The shard's mailboxes. */
  readonly listed: ReadonlyMap<string, Expectation>;
}

/** The states in the shard's range, as they were read. */
type States = Map<string, StoredMailbox>;

/** @throws MailscopeError `storage-unavailable`, or whatever is a defect: then the shard is to be done again */
export async function doShard(services: Services, message: ShardMessage): Promise<void> {
  const plan = await services.list();
  const shard = plan.shards[message.shard];
  if (message.listHash !== plan.hash || !shard) return skip(services, message, 'it is of another list');
  const joined = await joinRun(services, message.runId);
  if (!joined) return skip(services, message, 'its run is closed');

  try {
    await judgeShard({ services, plan, shard, listed: shard.expectations(), ...joined });
  } finally {
    joined.lease.end();
  }
  await closeRun(services, joined.run.number);
}

async function judgeShard(work: Work): Promise<void> {
  const { services, run, shard, listed } = work;
  const before = await services.storage().shards.get(run.id, shard.index);
  if (before?.value.committedAt) return;
  const stored = await readStates(work);
  const isUnlisted = ({ record }: StoredMailbox) => !listed.has(record.mailbox) && record.lastRun < run.number;
  const unlisted = [...stored.values()].filter(isUnlisted);
  const asked = await ask(work, stored);
  await begin(work, before, unlisted, asked);
  const written = await judgeAll(work, stored, await writeObservations(work, asked?.seen ?? []));
  await Promise.all(unlisted.map((one) => remove(work, one)));
  await commit(work, [...[...stored.values()].map(({ record }) => record), ...written]);
}

function skip({ log }: Services, { runId, shard }: ShardMessage, why: string): void {
  log('warn', 'shard.skipped', { runId, shard, why });
}

/**
 * Marks a run as alive, in a way that whoever is about to close it notices; null when it is closed. The lease counts from the
 * mark: of the shards that begin within a few seconds one marks it for all.
 */
async function joinRun(services: Services, runId: string): Promise<Joined | null> {
  const { runs } = services.storage();
  for (;;) {
    const beganAt = performance.now();
    const found = await runs.get(runNumberOf(runId) ?? 0);
    if (found?.value.status !== 'running' || found.value.id !== runId) return null;
    const ageMs = services.now().getTime() - Date.parse(found.value.touchedAt);
    // The clock of whoever marked it may be a little ahead; a mark far ahead is replaced.
    if (Math.abs(ageMs) < MARK_AGAIN_MS) return { run: found.value, lease: startLease(beganAt - Math.max(0, ageMs)) };
    const run = { ...found.value, touchedAt: services.now().toISOString() };
    if (await runs.replace(run, found.etag)) return { run, lease: startLease(beganAt) };
  }
}

async function readStates({ services, shard }: Work): Promise<States> {
  const stored = await services.storage().mailboxes.inRange(shard.range);
  return new Map(stored.map((one) => [one.record.mailbox, one]));
}

/** Null when every mailbox of the shard was judged by an earlier try. */
async function ask({ services, run, plan, shard, listed, lease }: Work, stored: States): Promise<ShardSeen | null> {
  const isJudged = (mailbox: string) => (stored.get(mailbox)?.record.lastRun ?? 0) >= run.number;
  const all = [...listed].map(([mailbox, expectation]) => ({ mailbox, expectation }));
  const open = all.filter(({ mailbox }) => !isJudged(mailbox));
  if (open.length === 0) return null;
  const { graph, limiter, now, random, newId } = services;
  return observe(
    { graph: graph(), limiter: limiter(), now, random, newId },
    {
      ask: open,
      own: shard.listed('allowed'),
      borrowed: borrowControls(plan, run.id, shard.index),
      withSubjects: services.settings().storeSubjects,
      deadlineMs: DEADLINE_MS,
      mostMs: lease.remainingMs() - TIME_TO_WRITE_MS,
    },
  );
}

/**
 * Writes the shard's row before anything is judged or removed, so that a later try of the shard knows what an earlier one did.
 * What an earlier one found to remove is not counted anew.
 */
async function begin(
  { services, run, shard, lease }: Work,
  found: Stored<ShardRecord> | null,
  unlisted: readonly StoredMailbox[],
  asked: ShardSeen | null,
): Promise<void> {
  const { shards } = services.storage();
  const drifting = unlisted.filter(({ record }) => record.openDrift !== null);
  let begunAt: string | null = null;
  for (let before = found; !before?.value.committedAt; before = await shards.get(run.id, shard.index)) {
    // A row that was written although its answer was lost is ours: what it counts is not counted again.
    if (begunAt !== null && before?.value.begunAt === begunAt) return;
    const roles = new Set([...(before?.value.roles ?? []), ...(asked?.roles ?? [])]);
    const record: ShardRecord = {
      shard: shard.index,
      begunAt: services.now().toISOString(),
      committedAt: null,
      removed: Math.max(unlisted.length, before?.value.removed ?? 0),
      closedByRemoval: Math.max(drifting.length, before?.value.closedByRemoval ?? 0),
      tally: null,
      controlHeld: null,
      control: asked?.control ?? before?.value.control ?? null,
      roles: [...roles].sort(),
      throttled: (before?.value.throttled ?? 0) + (asked?.throttled ?? 0),
      waitedMs: (before?.value.waitedMs ?? 0) + (asked?.waitedMs ?? 0),
    };
    if (await shards.write(run.id, record, before?.etag ?? null, lease)) return;
    begunAt = record.begunAt;
  }
}

async function writeObservations(
  { services, run, shard, listed, lease }: Work,
  seen: readonly Seen[],
): Promise<Sighting[]> {
  const sightings = seen.map(({ message, ...rest }): Sighting => {
    const { mailbox } = rest;
    // Only listed mailboxes are asked about.
    const expectation = listed.get(mailbox) ?? 'denied';
    return { mailbox, expectation, observation: { ...rest, runId: run.id }, message };
  });
  const { observations } = services.storage();
  const insert = sightings.map(({ observation }) => observation);
  const existing = await observations.insert(insert, run, lease);
  if (existing.length > 0)
    services.log('info', 'shard.resumed', { runId: run.id, shard: shard.index, existing: existing.length });
  const byMailbox = new Map(existing.map((one) => [one.mailbox, one]));
  return sightings.map((one) => {
    const message = one.observation.outcome === 'readable' ? one.message : null;
    return { ...one, observation: byMailbox.get(one.mailbox) ?? one.observation, message };
  });
}

/** Judges what was seen; answers the states that it wrote. A state that somebody else changed meanwhile is read again into `stored`. */
async function judgeAll(work: Work, stored: States, sightings: readonly Sighting[]): Promise<MailboxRecord[]> {
  const { services, run, lease } = work;
  const { mailboxes } = services.storage();
  const written: MailboxRecord[] = [];
  let open = sightings;
  for (let round = 1; open.length > 0; round += 1) {
    if (round > MOST_ROUNDS) throw new Error('the states of a shard go on changing while it is judged');
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

async function readAgain({ services }: Work, stored: States, mailbox: string): Promise<void> {
  const found = await services.storage().mailboxes.get(mailbox);
  if (found) stored.set(mailbox, found);
  else stored.delete(mailbox);
}

/** Drift names its mailbox in the log: somebody has to act on it. */
function reportDrift({ services, run }: Work, { closed, opened }: MailboxChange): void {
  const { log } = services;
  if (closed) {
    const { id, mailbox, kind, closedBecause } = closed;
    log('info', 'drift.closed', { runId: run.id, id, mailbox, kind, closedBecause });
  }
  if (opened)
    log('error', 'drift.opened', { runId: run.id, id: opened.id, mailbox: opened.mailbox, kind: opened.kind });
}

/** Closes the drift of a mailbox no longer listed, then deletes its state. */
async function remove(work: Work, unlisted: StoredMailbox): Promise<void> {
  const { services, run, lease } = work;
  const { mailboxes } = services.storage();
  let stored: StoredMailbox | null = unlisted;
  // A newer run may have listed it again, when this shard is a late one.
  for (let round = 1; stored && stored.record.lastRun < run.number && round <= MOST_ROUNDS; round += 1) {
    const change = removalOf(stored, run);
    if (change && (await mailboxes.write([change], lease)).length === 0) reportDrift(work, change);
    else if (!change && (await mailboxes.remove(stored, lease))) return;
    stored = await mailboxes.get(unlisted.record.mailbox);
  }
  if (stored && stored.record.lastRun < run.number)
    throw new Error('the state of a mailbox no longer listed goes on changing while it is removed');
}

/** Replaces the shard's row by what its states say, unless somebody who did the same shard has done so. */
async function commit(work: Work, states: readonly MailboxRecord[]): Promise<void> {
  const { services, run, shard, lease } = work;
  const { shards } = services.storage();
  const judged = states.filter(({ lastRun }) => lastRun === run.number);
  for (;;) {
    const begun = await shards.get(run.id, shard.index);
    if (!begun || begun.value.committedAt) return;
    const record: ShardRecord = {
      ...begun.value,
      committedAt: services.now().toISOString(),
      tally: tally(states, run.number),
      controlHeld: judged.length > 0 && judged.every(({ lastControlHeld }) => lastControlHeld),
    };
    if (await shards.write(run.id, record, begun.etag, lease)) return;
  }
}
