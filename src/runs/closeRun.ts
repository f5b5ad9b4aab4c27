// Closes a run when the last of its shards is done or given up.
//
// 1. It does nothing if the run has ended or a shard is still missing.
// 2. It queues the alert before it writes the end, so a crash in between does not lose the alert.
// 3. It adds up the results and writes them under the run's ETag. If the run has changed, it starts again.
// 4. If the run is completed, it sends the heartbeat. Once a day it deletes old data.
import type { Services } from '../services.ts';
import type { Run, RunResult } from '../storage/runStore.ts';
import type { ShardRecord } from '../storage/shardStore.ts';
import { forgetOld } from './forgetOld.ts';
import { heartbeat } from './heartbeat.ts';
import { endRun } from './runState.ts';

export { ALERT_QUEUE } from '../storage/queues.ts';

/** The number of runs to search for a completed one. */
const LOOK_BACK = 20;

/** Closes the run unless a shard is missing or another process has closed it. Call it after each shard's commit or end. */
export async function closeRun(services: Services, number: number): Promise<void> {
  const { runs, shards: shardStore } = services.storage();
  const endedBy = services.newId();
  for (;;) {
    const found = await runs.get(number);
    // An end that was written although its answer was lost is ours all the same.
    if (found?.value.endedBy === endedBy) return follow(services, found.value);
    if (found?.value.status !== 'running') return;
    if ((await shardStore.settled(found.value.id)) < found.value.shards) return;
    const shards = await shardStore.all(found.value.id);
    const { owner } = services.settings();
    await services.storage().queues.sendAlert({ runId: found.value.id, owner });
    const ended = { ...(await endedRun(services, found.value, shards)), endedBy };
    // A shard that is done a second time has changed the run. Read it again.
    if (await runs.replace(ended, found.etag)) return follow(services, ended);
  }
}

/** The run at its end. Its cause needs the last completed run before it. */
export async function endedRun(services: Services, run: Run, shards: readonly ShardRecord[]): Promise<Run> {
  const last = await lastCompleted(services, run.number);
  return endRun(run, shards, services.now(), last, services.settings().resource);
}

async function follow(services: Services, ended: Run): Promise<void> {
  if (ended.status === 'incomplete')
    return services.log('warn', 'run.closed', { runId: ended.id, status: ended.status });
  report(services, ended);
  await heartbeat(services);
  await forgetOld(services, ended);
}

/** The result of the last completed run before `number`. */
async function lastCompleted(services: Services, number: number): Promise<RunResult | null> {
  const { items } = await services.storage().runs.list(LOOK_BACK, '');
  return items.find((run) => run.number < number && run.status === 'completed')?.result ?? null;
}

function report({ log }: Services, { id, number, mailboxes, result, startedAt, finishedAt }: Run): void {
  const { outcomes, verdicts, opened, closed, controlHeld } = result ?? {};
  const durationMs = Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt);
  const data = { runId: id, number, mailboxes, outcomes, verdicts, opened, closed, controlHeld, durationMs };
  log(controlHeld ? 'info' : 'warn', 'run.completed', data);
}
