// Adds to each drift the probable cause that its opening run found.
import type { DriftView } from '../api/answerSchemas.ts';
import { causeOf } from '../rules/cause.ts';
import type { Drift } from '../rules/drift.ts';
import type { Services } from '../services.ts';

/** The drifts with their causes. A cause is null while the opening run is in progress, or after that run was deleted. */
export async function withCauses(services: Services, drifts: readonly Drift[]): Promise<DriftView[]> {
  const causes = await services.storage().runs.causes(drifts.map(({ openedRun }) => openedRun));
  return drifts.map((drift) => {
    const cause = causes.get(drift.openedRun);
    return { ...drift, probableCause: cause === undefined ? null : causeOf(drift, cause) };
  });
}
