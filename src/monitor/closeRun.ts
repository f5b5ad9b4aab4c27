// Closes a run when the last of its shards is done.
//
// 1. A run that has ended, or of which a shard is missing, is left alone.
// 2. What it saw is added up and written under the run's ETag; whoever finds it changed looks again.
// 3. Once a day what is old is forgotten.
import type { Services } from '../services.ts';
import type { Run } from '../storage/runs.ts';
import { forgetOld } from './forgetOld.ts';
import { endRun, isDone } from './runState.ts';

/** Closes the run unless a shard is still missing, or somebody else closed it. To be called after each shard's commit. */
export async function closeRun(services: Services, number: number): Promise<void> {
  const { runs } = services.storage();
  for (;;) {
    const found = await runs.get(number);
    if (found?.value.status !== 'running') return;
    const shards = await runs.shards(found.value.id);
    if (!isDone(found.value, shards)) return;
    const ended = endRun(found.value, shards, services.now());
    // A shard that is being done again has touched the run meanwhile: look again.
    if (!(await runs.replace(ended, found.etag))) continue;
    report(services, ended);
    await forgetOld(services, ended);
    return;
  }
}

function report({ log }: Services, { id, number, mailboxes, result, startedAt, finishedAt }: Run): void {
  const { outcomes, verdicts, opened, closed, controlHeld } = result ?? {};
  const durationMs = Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt);
  const data = { runId: id, number, mailboxes, outcomes, verdicts, opened, closed, controlHeld, durationMs };
  log(controlHeld ? 'info' : 'warn', 'run.completed', data);
}
