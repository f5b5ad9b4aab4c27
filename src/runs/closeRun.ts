// Closes a run when the last of its shards is done.
//
// 1. A run that has ended, or of which a shard is missing, is left alone.
// 2. Its alert is put on the queue: before the end is written, so that no death in between loses it.
// 3. What it saw is added up and written under the run's ETag; whoever finds it changed looks again.
// 4. The heartbeat is sent, and once a day what is old is forgotten.
import type { Services } from '../services.ts';
import type { Run, RunResult } from '../storage/runStore.ts';
import { forgetOld } from './forgetOld.ts';
import { heartbeat } from './heartbeat.ts';
import { endRun } from './runState.ts';

export { ALERT_QUEUE } from '../storage/queues.ts';

/** Runs looked at in search of one that was completed. */
const LOOK_BACK = 20;

/** Closes the run unless a shard is still missing, or somebody else closed it. To be called after each shard's commit. */
export async function closeRun(services: Services, number: number): Promise<void> {
  const { runs, shards: shardStore } = services.storage();
  const endedBy = services.newId();
  for (;;) {
    const found = await runs.get(number);
    // An end that was written although its answer was lost is ours all the same.
    if (found?.value.endedBy === endedBy) return follow(services, found.value);
    if (found?.value.status !== 'running') return;
    if ((await shardStore.committed(found.value.id)) < found.value.shards) return;
    const shards = await shardStore.all(found.value.id);
    await services.storage().queues.sendAlert({ runId: found.value.id });
    const last = await lastCompleted(services, number);
    const ended = { ...endRun(found.value, shards, services.now(), last), endedBy };
    // A shard that is being done again has touched the run meanwhile: look again.
    if (await runs.replace(ended, found.etag)) return follow(services, ended);
  }
}

async function follow(services: Services, ended: Run): Promise<void> {
  report(services, ended);
  await heartbeat(services);
  await forgetOld(services, ended);
}

/** What the last completed run before `number` saw. */
export async function lastCompleted(services: Services, number: number): Promise<RunResult | null> {
  const { items } = await services.storage().runs.list(LOOK_BACK, '');
  return items.find((run) => run.number < number && run.status === 'completed')?.result ?? null;
}

function report({ log }: Services, { id, number, mailboxes, result, startedAt, finishedAt }: Run): void {
  const { outcomes, verdicts, opened, closed, controlHeld } = result ?? {};
  const durationMs = Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt);
  const data = { runId: id, number, mailboxes, outcomes, verdicts, opened, closed, controlHeld, durationMs };
  log(controlHeld ? 'info' : 'warn', 'run.completed', data);
}
