// Answers `GET health`: the health of all scopes as one. A look starts the runs that are overdue.
import type { Health } from '../api/answerSchemas.ts';
import { startOverdue } from '../runs/overdue.ts';
import type { Scopes, Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import { faultProblem, type HealthProblem, lookAtHealth } from './health.ts';
import { shareLook } from './shareLook.ts';

/** Rejects only for a defect. */
export type HealthLook = (scopes: Scopes) => Promise<Health>;

/**
 * It starts at most one run of a scope an interval, also between machines whose clocks are hours apart. Otherwise each
 * would call the other's newest run overdue.
 */
export function createHealthLook(): HealthLook {
  const lastStarts = new Map<string, Date>();

  async function lookAt(services: Services): Promise<Health> {
    const { health, overdue } = await lookAtHealth(services);
    const { scope } = services;
    if (overdue && isNextInterval(services, lastStarts.get(scope)) && (await startOverdue(services)))
      lastStarts.set(scope, services.now());
    return health;
  }

  return shareLook(async (scopes) => healthOfAll(scopes, await Promise.all(scopes.all.map(lookAt))));
}

/** The health of all scopes: each problem names its scope when there are several. */
function healthOfAll({ all, faults }: Scopes, each: readonly Health[]): Health {
  const general = new Set(faults.map(({ setting }) => setting));
  const isOwn = (problem: HealthProblem) => !('setting' in problem && general.has(problem.setting));
  const own = each.flatMap(({ problems }, index) =>
    problems
      .filter(isOwn)
      .map((problem) => (all.length > 1 ? { ...problem, scope: all[index]?.scope ?? '' } : problem)),
  );
  const problems = [...faults.map(faultProblem), ...own];
  const pauses = each.flatMap(({ alertsPausedUntil }) => alertsPausedUntil ?? []).sort();
  const last = pauses.at(-1);
  return {
    status: problems.length === 0 ? 'healthy' : 'unhealthy',
    lastCompletedRun: oldest(each.map(({ lastCompletedRun }) => lastCompletedRun)),
    nextRunExpectedBy: each.find(({ nextRunExpectedBy }) => nextRunExpectedBy !== null)?.nextRunExpectedBy ?? null,
    ...(last === undefined ? {} : { alertsPausedUntil: last }),
    problems,
  };
}

/** The id that began first; null when a scope has none. An id begins with the run's start. */
function oldest(ids: readonly (string | null)[]): string | null {
  const known = ids.filter((id) => id !== null).sort();
  return known.length === ids.length ? (known[0] ?? null) : null;
}

function isNextInterval(services: Services, lastStart: Date | undefined): boolean {
  const now = services.now();
  // The clock may have been set back since.
  if (lastStart === undefined || lastStart > now) return true;
  const [latest] = parseSchedule(services.settings().pollSchedule).previous(now, 1);
  return latest !== undefined && latest > lastStart;
}
