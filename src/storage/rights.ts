// Whether the storage account lets us do what the app does there, tried on a table and a queue of our own that are removed again.
import { MailscopeError } from '../errors.ts';
import type { StorageFault } from '../rules/doctor/storageFindings.ts';
import type { StorageSettings } from '../settings/settings.ts';
import { openQueue } from './queues.ts';
import { createTables, failureOf } from './tables.ts';

/**
 * Makes a table, writes and reads a row, and deletes the table. Null when all of it went well.
 *
 * @param id letters and digits that nobody else uses
 */
export function tryTables(settings: StorageSettings, id: string): Promise<StorageFault | null> {
  return attempt(async () => {
    const tables = createTables(settings);
    const name = `MailscopeDoctor${id}`;
    const table = await tables.open(name);
    try {
      await table.write([['create', { partitionKey: 'doctor', rowKey: 'doctor' }]]);
      await table.get('doctor', 'doctor');
    } finally {
      await tables.drop(name);
    }
  });
}

/** Makes a queue, sends and receives a message, and deletes the queue. Null when all of it went well. */
export function tryQueues(settings: StorageSettings, id: string): Promise<StorageFault | null> {
  return attempt(async () => {
    const queue = await openQueue(settings, `mailscope-doctor-${id}`);
    try {
      await queue.sendMessage('doctor');
      await queue.receiveMessages();
    } finally {
      await queue.delete();
    }
  });
}

async function attempt(work: () => Promise<void>): Promise<StorageFault | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return faultOf(error);
  }
}

/** What an error of this folder, or of a storage library, says of the account. */
export function faultOf(error: unknown): StorageFault {
  const cause = error instanceof MailscopeError ? error.cause : error;
  const { statusCode = null, code = null } = failureOf(cause);
  const name = cause instanceof Error ? cause.name : '';
  // The identity library's: CredentialUnavailableError, AuthenticationError, AggregateAuthenticationError.
  const noToken = /^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(name);
  return { status: noToken ? null : statusCode, code: noToken ? name : code, noToken };
}
