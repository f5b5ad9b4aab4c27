// Adds to each drift the probable cause that its opening run found.
import type { DriftView } from '../api/answerSchemas.ts';
import { causeOf } from '../rules/cause.ts';
import type { Drift } from '../rules/drift.ts';
import type { Services } from '../services.ts';
import type { Run } from '../storage/runStore.ts';

/** The drifts with their causes. A cause is null while the opening run is in progress, or after that run was deleted. */
export async function withCauses(services: Services, drifts: readonly Drift[]): Promise<DriftView[]> {
  const { runs } = services.storage();
  const numbers = [...new Set(drifts.map(({ openedRun }) => openedRun))];
  const found = await Promise.all(numbers.map(async (number) => [number, (await runs.get(number))?.value] as const));
  const byNumber = new Map<number, Run | undefined>(found);
  return drifts.map((drift) => {
    const run = byNumber.get(drift.openedRun);
    return { ...drift, probableCause: run && run.status !== 'running' ? causeOf(drift, run.probableCause) : null };
  });
}
