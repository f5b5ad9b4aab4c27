// Starts a run: takes the next number and plans its shards.
//
// 1. If another app owns the tables, or a run is alive, nothing starts.
// 2. One transaction takes the number, writes the run and closes a dead run. Of two starts at the same time one wins.
// 3. The shards go to the queue or to the caller. Then the end of the dead run is announced.
import { MailscopeError } from '../errors.ts';
import { missedTicks } from '../rules/missedTicks.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import type { Current, Run, RunTrigger, Stored } from '../storage/runStore.ts';
import { endedRun } from './closeRun.ts';
import { abandonRun, orGiveUp } from './giveUp.ts';
import { isAlive, runIdOf } from './runState.ts';
import { checkOwner, isOurs } from './tablesOwner.ts';

/**
 * Starts a run and puts its shards on the queue.
 *
 * @throws MailscopeError `run-in-progress` with the id of the run in progress; `tables-in-use` with the other owner;
 * `storage-unavailable`; `configuration-invalid`
 */
export async function startRun(services: Services, trigger: RunTrigger): Promise<Run> {
  const { run, ended } = await planRun(services, trigger);
  await queueShards(services, run);
  await announceEnd(services, ended);
  return run;
}

export interface Planned {
  readonly run: Run;
  /** The dead run that was closed by this start, if there was one. */
  readonly ended: Run | null;
}

/** Starts a run. The caller must queue or do its shards, and then announce the end of the dead run. */
export async function planRun(services: Services, trigger: RunTrigger): Promise<Planned> {
  const plan = await services.list();
  const { runs } = services.storage();
  const now = services.now();
  const current = await runs.current();
  checkOwner(services, current?.value ?? null);
  const previous = current && (await runs.get(current.value.number));
  const ended = previous && (await endOf(services, previous, now));
  const number = (await highestNumber(services, current?.value ?? null)) + 1;
  const { owner, pollSchedule } = services.settings();
  const start = { startedAt: now.toISOString(), trigger, skippedTicks: current?.value.skippedTicks ?? 0 };
  const missed = missedTicks(parseSchedule(pollSchedule).count, current?.value.startedAt ?? null, start);
  const run: Run = {
    id: runIdOf(now, number),
    number,
    ...start,
    missedTicks: missed,
    missedTotal: (previous?.value.missedTotal ?? 0) + missed,
    status: 'running',
    finishedAt: null,
    listHash: plan.hash,
    mailboxes: plan.mailboxes,
    shards: plan.shards.length,
    touchedAt: now.toISOString(),
    result: null,
    probableCause: null,
    problem: null,
    endedBy: null,
  };
  if (!(await runs.start(run, { startedBy: services.newId(), owner }, current, ended))) {
    const first = await runs.current();
    checkOwner(services, first?.value ?? null);
    throw inProgress(first?.value.id);
  }
  if (current && !isOurs(current.value, owner))
    services.log('warn', 'tables.taken-over', { runId: run.id, from: current.value.owner, owner });
  if (ended) services.log('warn', 'run.closed', { runId: ended.value.id, status: ended.value.status });
  services.log('info', 'run.started', {
    runId: run.id,
    trigger,
    mailboxes: run.mailboxes,
    shards: run.shards,
    missedTicks: missed,
  });
  return { run, ended: ended?.value ?? null };
}

/**
 * The highest number that a run has had. As a rule it is that of the newest run. Tables that came back from a copy may
 * hold rows of later runs, and no two runs may share a number.
 */
async function highestNumber(services: Services, current: Current | null): Promise<number> {
  const [first] = (await services.storage().runs.list(1, '')).items;
  return Math.max(current?.number ?? 0, current?.skipTo ?? 0, first?.number ?? 0);
}

/** Announces a run that died and was closed by this start. */
export async function announceEnd(services: Services, ended: Run | null): Promise<void> {
  if (ended) await services.storage().queues.sendAlert({ runId: ended.id, owner: services.settings().owner });
}

/** If the queue does not take all shards, the run ends: nobody would finish it. */
export async function queueShards(services: Services, run: Run): Promise<void> {
  const { id, shards, listHash } = run;
  const { owner } = services.settings();
  const messages = Array.from({ length: shards }, (_, shard) => ({ runId: id, shard, listHash, owner }));
  await orGiveUp(
    services,
    () => services.storage().queues.sendShards(messages),
    () => abandonRun(services, run),
  );
}

/** The previous run, closed as dead; null when it has ended. Throws when it is alive. */
async function endOf(services: Services, previous: Stored<Run>, now: Date): Promise<Stored<Run> | null> {
  if (previous.value.status !== 'running') return null;
  const shards = await services.storage().shards.all(previous.value.id);
  if (isAlive(previous.value, shards, now)) throw inProgress(previous.value.id);
  return { value: await endedRun(services, previous.value, shards), etag: previous.etag };
}

function inProgress(runId: string | undefined): MailscopeError {
  const text = `The run ${runId} is still in progress. Only one run is possible at a time: wait until it ends.`;
  return new MailscopeError('run-in-progress', text, runId === undefined ? {} : { runId });
}
