// Says whether the app could do its work now, in words that anybody may read.
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';
import type { FaultKind } from '../settings.ts';

/** One thing that is wrong. It never holds a value of a setting or the name of a mailbox. */
export type HealthProblem =
  | { readonly code: 'configuration-invalid'; readonly setting: string; readonly fault: FaultKind }
  | { readonly code: 'identity-unavailable'; readonly detail: string };

export interface Health {
  readonly status: 'healthy' | 'unhealthy';
  /** Start of the last completed run, ISO 8601 UTC. */
  readonly lastCompletedRun: string | null;
  readonly nextRunExpectedBy: string | null;
  readonly problems: readonly HealthProblem[];
}

const TOKEN_DEADLINE_MS = 10_000;

/** Looks at the settings and, when they are good, at the identity. */
export async function health(services: Services): Promise<Health> {
  const problems: HealthProblem[] = services.configuration.faults.map(({ setting, kind }) => ({
    code: 'configuration-invalid',
    setting,
    fault: kind,
  }));
  if (services.configuration.settings && !(await hasToken(services))) {
    problems.push({ code: 'identity-unavailable', detail: 'No token for Microsoft Graph can be had.' });
  }
  return {
    status: problems.length === 0 ? 'healthy' : 'unhealthy',
    lastCompletedRun: null,
    nextRunExpectedBy: null,
    problems,
  };
}

async function hasToken(services: Services): Promise<boolean> {
  try {
    await services.graph().token(TOKEN_DEADLINE_MS);
    return true;
  } catch (error) {
    services.log('warn', 'health.token-unavailable', { error: errorData(error) });
    return false;
  }
}
