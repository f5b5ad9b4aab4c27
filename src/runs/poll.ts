// One timer tick of a scope: starts a run. It does a single shard itself, and queues several.
import { MailscopeError } from '../errors.ts';
import type { Services } from '../services.ts';
import { doShard } from './doShard.ts';
import { giveUpShard, orGiveUp } from './giveUp.ts';
import { announceEnd, planRun, queueShards } from './startRun.ts';

/**
 * While a run is alive the tick is skipped, and the next run records that. While another app owns the tables, nothing
 * is recorded.
 *
 * @throws MailscopeError `configuration-invalid` or `storage-unavailable`: the run did not start, or its shard is not done
 */
export async function poll(services: Services): Promise<void> {
  try {
    const { run, ended } = await planRun(services, 'timer');
    // One scope must not use up the time of a tick that all share.
    const isQueued = run.shards > 1 || services.isOneOfSeveral;
    if (isQueued) await queueShards(services, run);
    await announceEnd(services, ended);
    if (isQueued || run.shards === 0) return;
    const message = { runId: run.id, shard: 0, listHash: run.listHash };
    // A timer does not try again.
    await orGiveUp(
      services,
      () => doShard(services, message),
      () => giveUpShard(services, message),
    );
  } catch (error) {
    if (!(error instanceof MailscopeError)) throw error;
    if (error.code === 'tables-in-use') return services.log('warn', 'tables.in-use', { owner: error.facts.owner });
    if (error.code !== 'run-in-progress') throw error;
    services.log('warn', 'run.skipped', { runUnderWay: error.facts.runId });
    await services.storage().runs.skipTick(services.newId(), services.settings().owner);
  }
}
