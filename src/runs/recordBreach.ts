// Records a breach that was found between two runs now, and does not wait for the next tick.
import { MailscopeError } from '../errors.ts';
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';
import { startRun } from './startRun.ts';

/**
 * Starts a run, unless one is in progress or the state already says readable. It never throws, so the caller's answer
 * stands.
 */
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
