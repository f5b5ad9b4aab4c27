// Reads runs for the API.
import { MailscopeError } from '../errors.ts';
import { resultOf, runNumberOf } from '../runs/runState.ts';
import type { Services } from '../services.ts';
import type { Page } from '../storage/mergePartitions.ts';
import type { Run, RunResult } from '../storage/runStore.ts';

/** A run with its result. A run in progress has the result of the shards that are done. */
export type RunView = Omit<Run, 'result' | 'listHash' | 'touchedAt' | 'missedTotal' | 'endedBy' | 'problem'> &
  Omit<RunResult, 'mailboxes' | 'openedNames'> & { readonly problem?: string };

/** Newest first. */
export async function listRuns(services: Services, top: number, after: string): Promise<Page<RunView>> {
  const { items, continuation } = await services.storage().runs.list(top, after);
  return { items: await Promise.all(items.map((run) => viewOf(services, run))), continuation };
}

/** @throws MailscopeError `not-found` */
export async function getRun(services: Services, id: string): Promise<RunView> {
  // Report bad settings before a bad id.
  services.settings();
  const number = runNumberOf(id);
  const found = number === null ? null : await services.storage().runs.get(number);
  if (found?.value.id === id) return viewOf(services, found.value);
  throw new MailscopeError('not-found', `There is no run ${id.slice(0, 40)}.`);
}

async function viewOf(services: Services, run: Run): Promise<RunView> {
  const { result, listHash: _, touchedAt: __, missedTotal: ___, endedBy: ____, problem, ...rest } = run;
  const {
    mailboxes: _____,
    openedNames: ______,
    ...seen
  } = result ?? resultOf(run, await services.storage().shards.all(run.id));
  return { ...rest, ...seen, ...(problem === null ? {} : { problem }) };
}
