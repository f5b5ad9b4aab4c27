// What the whole page rests on: the scopes, the newest runs of the one that is shown, and the health.
import type { Health, Page, Run, Scope } from '../apiTypes.ts';
import { type Answer, useAnswer } from '../live/useAnswer.ts';
import type { Address } from '../state/address.ts';
import type { ApiFailure } from '../state/apiClient.ts';
import { asOfNow } from '../state/asOfNow.ts';

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
  const told = scopes.data?.value ?? [];
  // The headline needs the scopes alone, so nothing may hold them up.
  const isFirst = scopes.data === undefined && scopes.failure === null;
  const isOverview = told.length > 1 && view.page === 'home' && wanted === undefined;
  const name = wanted ?? (told.length > 1 && !isOverview ? told[0]?.name : undefined);
  const isShown = (scope: Scope) => !isOverview && (wanted === undefined || scope.name === wanted);
  const hasNone = isFirst || isOverview || (told.length > 0 && !told.some(isShown));
  const answer = useAnswer<Page<Run>>(hasNone ? null : 'runs', { top: RUNS_LOOKED_AT, scope: name });
  const runs = answer.isOther ? [] : (answer.data?.value ?? []);
  // While something is wrong `health` answers 503, which a browser reports as an error. The scopes have told already.
  const isHealthy = told.length > 0 && told.every(({ status }) => status === 'healthy');
  const health = useAnswer<Health>(isHealthy ? 'health' : null);
  const shown = told.find(isShown);
  return {
    scopes,
    all: told.map((scope) => asOfNow(scope, [])),
    isOverview,
    name,
    scope: isFirst ? undefined : shown ? asOfNow(shown, runs) : null,
    runs,
    health: health.data,
    failure: scopes.failure ?? health.failure ?? answer.failure,
  };
}
