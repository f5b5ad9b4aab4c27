// Joins drift with the probable cause that the run which opened it has found.
import { causeOf } from '../rules/cause.ts';
import type { Drift } from '../rules/drift.ts';
import type { Services } from '../services.ts';
import type { Run } from '../storage/runStore.ts';

/** A drift as it is answered. */
export interface DriftView extends Drift {
  readonly probableCause: string | null;
}

/** The drifts with their causes; null while the run that opened one is under way, or when it is forgotten. */
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
