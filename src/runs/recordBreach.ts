// A breach that was met between two runs goes on record now, not with the next tick.
import { MailscopeError } from '../errors.ts';
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';
import { startRun } from './startRun.ts';

/** Starts a run, unless one is under way or the mailbox's state already says readable. Whoever asked gets an answer whatever comes of it. */
export async function recordBreach(services: Services, mailbox: string): Promise<void> {
  try {
    const found = await services.storage().mailboxes.get(mailbox);
    if (found?.record.expectation === 'denied' && found.record.lastOutcome === 'readable') return;
    await startRun(services, 'scope-breach');
  } catch (error) {
    if (error instanceof MailscopeError && error.code === 'run-in-progress') return;
    services.log('error', 'breach.not-recorded', { error: errorData(error) });
  }
}
