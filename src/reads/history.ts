// Reads the past: the observations of a mailbox, and drift.
import type { DriftView } from '../api/answerSchemas.ts';
import { MailscopeError } from '../errors.ts';
import type { Observation } from '../rules/observation.ts';
import type { Services } from '../services.ts';
import type { DriftFilter } from '../storage/driftStore.ts';
import type { Page } from '../storage/mergePartitions.ts';
import type { TimeRange } from '../storage/observationStore.ts';
import { mailboxOf } from './mailboxes.ts';
import { withCauses } from './withCauses.ts';

export type { DriftFilter } from '../storage/driftStore.ts';

/** A range that may be open at either end. */
export type OpenRange = { readonly [End in keyof TimeRange]: TimeRange[End] | undefined };

const BEGINNING = '1970-01-01T00:00:00.000Z';
const END = '9999-12-31T00:00:00.000Z';

/**
 * Observations, newest first, also of a mailbox that is no longer listed.
 *
 * @throws MailscopeError `mailbox-invalid`, `parameter-invalid`
 */
export async function mailboxHistory(
  services: Services,
  name: string,
  { from = BEGINNING, to = END }: OpenRange,
  top: number,
  after: string,
): Promise<Page<Observation>> {
  // Report bad settings before a bad name.
  services.settings();
  const mailbox = mailboxOf(name);
  if (from >= to) throw new MailscopeError('parameter-invalid', 'The query parameter from must be earlier than to.');
  return services.storage().observations.history(mailbox, { from, to }, top, after);
}

/** Drift, newest first, with its probable cause. */
export async function listDrift(
  services: Services,
  filter: DriftFilter,
  top: number,
  after: string,
): Promise<Page<DriftView>> {
  const { items, continuation } = await services.storage().drift.list(filter, top, after);
  return { items: await withCauses(services, items), continuation };
}
