// The three answers that the whole page rests on.
import type { Health, Page, Run, Scope } from '../apiTypes.ts';
import { type Answer, useAnswer } from '../live/useAnswer.ts';

export interface Core {
  readonly health: Answer<Health>;
  readonly scopes: Answer<Page<Scope>>;
  /** The newest of the scope. */
  readonly runs: Answer<Page<Run>>;
}

const RUNS = 20;

/** @param scope undefined where there is one scope only, null while the overview is shown */
export function useCore(scope: string | undefined | null): Core {
  const scopes = useAnswer<Page<Scope>>('scopes');
  // The headline needs the scopes alone, so nothing may hold them up.
  const isFirst = scopes.data === undefined && scopes.failure === null;
  const runs = useAnswer<Page<Run>>(isFirst || scope === null ? null : 'runs', {
    top: RUNS,
    scope: scope ?? undefined,
  });
  // While something is wrong `health` answers 503, which a browser reports as an error. The scopes have told already.
  const isHealthy = scopes.data?.value.every(({ status }) => status === 'healthy') ?? false;
  const health = useAnswer<Health>(isHealthy ? 'health' : null);
  return { health, scopes, runs };
}
