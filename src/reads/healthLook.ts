// Answers `GET health`: one look serves all callers, because anybody may call. A look starts a run that is overdue.
import { startOverdue } from '../runs/overdue.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import { type Health, lookAtHealth } from './health.ts';

const SERVES_MS = 2_000;

/** Rejects only for a defect. */
export type HealthLook = (services: Services) => Promise<Health>;

/**
 * A look that callers share while it is under way, and for two seconds after. It starts at most one run an interval, also
 * between machines whose clocks are hours apart. Otherwise each would call the other's newest run overdue.
 */
export function createHealthLook(): HealthLook {
  let shared: Promise<Health> | undefined;
  let endedAt: number | undefined;
  let lastStart: Date | undefined;

  async function look(services: Services): Promise<Health> {
    const { health, overdue } = await lookAtHealth(services);
    if (overdue && isNextInterval(services, lastStart) && (await startOverdue(services))) lastStart = services.now();
    return health;
  }

  return (services) => {
    const isOver = endedAt !== undefined && performance.now() - endedAt >= SERVES_MS;
    if (shared !== undefined && !isOver) return shared;
    endedAt = undefined;
    const looking = look(services).finally(() => {
      endedAt = performance.now();
    });
    // A failure is not kept for the next caller.
    looking.catch(() => {
      shared = undefined;
    });
    shared = looking;
    return looking;
  };
}

function isNextInterval(services: Services, lastStart: Date | undefined): boolean {
  const now = services.now();
  // The clock may have been set back since.
  if (lastStart === undefined || lastStart > now) return true;
  const [latest] = parseSchedule(services.settings().pollSchedule).previous(now, 1);
  return latest !== undefined && latest > lastStart;
}
