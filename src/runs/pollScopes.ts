// One timer tick for all scopes. A scope that fails does not hold back the others.
import { errorData } from '../log.ts';
import type { Scopes } from '../services.ts';
import { poll } from './poll.ts';

/**
 * Starts a run in each scope. The shards of several scopes go through the queue, so that no scope waits for another.
 *
 * @throws what stopped a scope, after the others have begun; an AggregateError when several were stopped
 */
export async function pollScopes({ all }: Scopes): Promise<void> {
  const ends = await Promise.allSettled(all.map((services) => poll(services)));
  const failures = ends.flatMap((end, index) =>
    end.status === 'rejected' ? [{ services: all[index], error: end.reason as unknown }] : [],
  );
  const [first] = failures;
  if (!first) return;
  if (all.length > 1)
    for (const { services, error } of failures) services?.log('error', 'poll.failed', { error: errorData(error) });
  if (failures.length === 1) throw first.error;
  throw new AggregateError(
    failures.map(({ error }) => error),
    `${failures.length} of ${all.length} scopes started no run.`,
  );
}
