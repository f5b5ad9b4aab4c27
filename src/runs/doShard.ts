// Does one shard of a run. Every step is safe to repeat, because a process may die between any two.
//
// 1. Skip the shard if its run has ended or the shard is committed. Give it up if the list
//    has changed.
// 2. Mark the run as alive, unless another shard just did. The shard may write for 110 seconds from the mark.
// 3. Ask Graph about the mailboxes that this run has not judged yet.
// 4. Write the shard's row with facts that no other row holds: control, roles, states to remove.
// 5. Insert the observations. If the run already has one of a mailbox, that one counts.
// 6. Judge the states, and write them under their ETags with the drift that they open or close.
// 7. Close the drift of mailboxes no longer listed, and remove their states.
// 8. Commit: replace the shard's row by the tally of its states. The last shard closes the run.
import { observe, type ShardSeen } from '../graph/observe.ts';
import type { Seen } from '../graph/shardProbe.ts';
import { fewRoles } from '../rules/foreignText.ts';
import type { Expectation } from '../rules/mailbox.ts';
import { tally } from '../rules/tally.ts';
import type { Services } from '../services.ts';
import type { MailboxRecord, StoredMailbox } from '../storage/mailboxStore.ts';
import { borrowControls, type Plan, type PlannedShard } from '../storage/plan.ts';
import { SHARD_QUEUE, type ShardMessage } from '../storage/queues.ts';
import type { Run, Stored } from '../storage/runStore.ts';
import type { ShardRecord } from '../storage/shardStore.ts';
import { closeRun } from './closeRun.ts';
import { giveUpShard } from './giveUp.ts';
import { judgeAll, removeUnlisted, type States } from './judgeStates.ts';
import { type HeldLease, startLease } from './lease.ts';
import type { Sighting } from './mailboxChanges.ts';
import { runNumberOf } from './runState.ts';

export { SHARD_QUEUE };

const DEADLINE_MS = 90_000;
/** The part of the lease that is kept for writing. */
const TIME_TO_WRITE_MS = 15_000;
/**
 * A mark this young is used again. That costs a shard up to 5 seconds of its lease, but saves writes to the run's row.
 */
const MARK_AGAIN_MS = 5_000;

interface Joined {
  readonly run: Run;
  readonly lease: HeldLease;
}

/** A shard under way. */
interface Work extends Joined {
  readonly services: Services;
  readonly plan: Plan;
  readonly shard: PlannedShard;
  /** The listed mailboxes of the shard. */
  readonly listed: ReadonlyMap<string, Expectation>;
}

/**
 * @throws MailscopeError `storage-unavailable`, or any error that is a defect. The queue then tries the shard again.
 */
export async function doShard(services: Services, message: ShardMessage): Promise<void> {
  const plan = await listOf(services, message);
  const shard = plan.shards[message.shard];
  if (message.listHash !== plan.hash || !shard) {
    skip(services, message, 'the list of mailboxes has changed since the run began');
    return giveUpShard(services, message);
  }
  const joined = await joinRun(services, message.runId);
  if (!joined) return skip(services, message, 'its run has ended');

  try {
    await judgeShard({ services, plan, shard, listed: shard.expectations(), ...joined });
  } finally {
    joined.lease.end();
  }
  await closeRun(services, joined.run.number);
}

/** The list that the run began with, where it is there. Another process may have seen a change up to ten seconds earlier. */
async function listOf(services: Services, { listHash }: ShardMessage): Promise<Plan> {
  const plan = await services.list();
  return plan.hash === listHash ? plan : services.list(true);
}

async function judgeShard(work: Work): Promise<void> {
  const { services, run, shard, listed } = work;
  const before = await services.storage().shards.get(run.id, shard.index);
  if (before?.value.committedAt) return;
  const stored = await readStates(work);
  await skipNumbers(work, stored);
  const isUnlisted = ({ record }: StoredMailbox) => !listed.has(record.mailbox) && record.lastRun < run.number;
  const unlisted = [...stored.values()].filter(isUnlisted);
  const asked = await ask(work, stored);
  await begin(work, before, unlisted, asked);
  const written = await judgeAll(work, stored, await writeObservations(work, asked?.seen ?? []));
  await Promise.all(unlisted.map((one) => removeUnlisted(work, one)));
  await commit(work, latestOf(work, stored, written));
}

function skip({ log }: Services, { runId, shard }: ShardMessage, why: string): void {
  log('warn', 'shard.skipped', { runId, shard, why });
}

/**
 * Marks a run as alive; null when it has ended. The mark replaces the run's row under its ETag, so a process that is
 * about to close the run notices it. The lease counts from the mark, and shards that begin within a few seconds share
 * one.
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

/**
 * Tables that came back from copies of different ages: a state knows a later run than the newest, and no run with a lower
 * number may judge it. So the next run gets a higher one.
 */
async function skipNumbers({ services, run }: Work, stored: States): Promise<void> {
  const highest = Math.max(0, ...[...stored.values()].map(({ record }) => record.lastRun));
  if (highest <= run.number || !(await services.storage().runs.skipTo(highest))) return;
  services.log('warn', 'tables.mixed', { runId: run.id, number: run.number, laterRun: highest });
}

/** Asks about the mailboxes that are not judged yet; null when an earlier try has judged all of them. */
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
 * Writes the shard's row before anything is judged or removed. So a later try knows what an earlier one did, and does
 * not count the same removals twice.
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
    const record: ShardRecord = {
      shard: shard.index,
      begunAt: services.now().toISOString(),
      committedAt: null,
      givenUpAt: before?.value.givenUpAt ?? null,
      removed: Math.max(unlisted.length, before?.value.removed ?? 0),
      closedByRemoval: Math.max(drifting.length, before?.value.closedByRemoval ?? 0),
      tally: null,
      controlHeld: null,
      control: asked?.control ?? before?.value.control ?? null,
      roles: fewRoles([...(before?.value.roles ?? []), ...(asked?.roles ?? [])]),
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
    // The fallback is never used: only listed mailboxes are asked about.
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

/** The state of each listed mailbox under its expectation, as this run leaves it. */
function latestOf({ listed }: Work, stored: States, written: readonly MailboxRecord[]): MailboxRecord[] {
  const read = [...stored.values()].map(({ record }) => record);
  const latest = new Map([...read, ...written].map((record) => [record.mailbox, record]));
  return [...latest.values()].filter(({ mailbox, expectation }) => listed.get(mailbox) === expectation);
}

/** Replaces the shard's row by the tally of its states, unless another process has committed the same shard. */
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
