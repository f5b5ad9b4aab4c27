// Gives up what nobody will finish, so that its run ends at once and another can start. No clock decides this.
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';
import type { ShardMessage } from '../storage/queues.ts';
import type { Run } from '../storage/runStore.ts';
import type { ShardRecord } from '../storage/shardStore.ts';
import { closeRun, endedRun } from './closeRun.ts';
import { runNumberOf } from './runState.ts';

export { GIVEN_UP_QUEUE } from '../storage/queues.ts';

/**
 * Marks a shard as given up: its message is gone, and the run does not wait for it any more. The last shard that is done or
 * given up closes the run. It is safe to repeat. A shard that is committed stays committed, also by a process that is late.
 */
export async function giveUpShard(services: Services, { runId, shard }: ShardMessage): Promise<void> {
  const { runs, shards } = services.storage();
  const run = (await runs.get(runNumberOf(runId) ?? 0))?.value;
  if (run?.status !== 'running' || run.id !== runId || shard >= run.shards) return;
  for (;;) {
    const found = await shards.get(runId, shard);
    if (found?.value.committedAt || found?.value.givenUpAt) break;
    const record = { ...(found?.value ?? notBegun(run, shard)), givenUpAt: services.now().toISOString() };
    if (await shards.write(runId, record, found?.etag ?? null)) break;
  }
  await closeRun(services, run.number);
}

/**
 * Ends a run whose shards could not all be queued. Shards that are queued find that it has ended. If the queue of alerts
 * does not answer either, the next run's alert announces the end.
 */
export async function abandonRun(services: Services, { number }: Run): Promise<void> {
  const { runs, shards, queues } = services.storage();
  for (;;) {
    const found = await runs.get(number);
    if (found?.value.status !== 'running') return;
    const { owner } = services.settings();
    const ended = await endedRun(services, found.value, await shards.all(found.value.id));
    if (!(await runs.replace(ended, found.etag))) continue;
    services.log('warn', 'run.closed', { runId: ended.id, status: ended.status });
    return queues.sendAlert({ runId: ended.id, owner }).catch(() => undefined);
  }
}

/** Does `work`. If it fails, calls `giveUp` before it throws: nobody else will try. */
export async function orGiveUp(
  { log }: Services,
  work: () => Promise<void>,
  giveUp: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    // The run then counts as dead two minutes later.
    await giveUp().catch((why) => log('warn', 'run.not-given-up', { error: errorData(why) }));
    throw error;
  }
}

/** The row of a shard that was given up before it began. Its time is the run's, because it is no sign of life. */
function notBegun({ startedAt }: Run, shard: number): ShardRecord {
  return {
    shard,
    begunAt: startedAt,
    committedAt: null,
    givenUpAt: null,
    removed: 0,
    closedByRemoval: 0,
    tally: null,
    controlHeld: null,
    control: null,
    roles: null,
    throttled: 0,
    waitedMs: 0,
  };
}
