// What the whole page rests on: the scopes, the newest runs of the one that is shown, and the health.
import type { Health, Page, Run, Scope } from '../apiTypes.ts';
import { type Answer, useAnswer } from '../live/useAnswer.ts';
import type { Address } from '../state/address.ts';
import type { ApiFailure } from '../state/apiClient.ts';

export interface Core {
  readonly scopes: Answer<Page<Scope>>;
  readonly all: readonly Scope[];
  /** Whether all scopes are shown as one. */
  readonly isOverview: boolean;
  /** The scope for the API's `scope` parameter; undefined where there is one scope only, and in the overview. */
  readonly name: string | undefined;
  /** The scope that is shown: undefined before the first answer, null where none is known. */
  readonly scope: Scope | null | undefined;
  /** The newest of the scope, newest first. */
  readonly runs: readonly Run[];
  readonly health: Health | undefined;
  /** Why one of the three questions failed. */
  readonly failure: ApiFailure | null;
}

/** The number of newest runs that are searched for the last proof. */
export const RUNS_LOOKED_AT = 20;

export function useCore({ view, scope: wanted }: Address): Core {
  const scopes = useAnswer<Page<Scope>>('scopes');
  const all = scopes.data?.value ?? [];
  // The headline needs the scopes alone, so nothing may hold them up.
  const isFirst = scopes.data === undefined && scopes.failure === null;
  const isOverview = all.length > 1 && view.page === 'home' && wanted === undefined;
  const name = wanted ?? (all.length > 1 && !isOverview ? all[0]?.name : undefined);
  const shown = wanted === undefined ? all[0] : all.find((scope) => scope.name === wanted);
  const hasNone = isFirst || isOverview || (all.length > 0 && shown === undefined);
  const runs = useAnswer<Page<Run>>(hasNone ? null : 'runs', { top: RUNS_LOOKED_AT, scope: name });
  // While something is wrong `health` answers 503, which a browser reports as an error. The scopes have told already.
  const isHealthy = all.length > 0 && all.every(({ status }) => status === 'healthy');
  const health = useAnswer<Health>(isHealthy ? 'health' : null);
  return {
    scopes,
    all,
    isOverview,
    name,
    scope: isFirst ? undefined : isOverview ? null : (shown ?? null),
    runs: runs.isOther ? [] : (runs.data?.value ?? []),
    health: health.data,
    failure: scopes.failure ?? health.failure ?? runs.failure,
  };
}
