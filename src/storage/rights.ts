// Tries what the app does in the storage account, with a table and a queue that it removes again.
import { MailscopeError } from '../errors.ts';
import type { StorageFault } from '../rules/doctor/storageFindings.ts';
import type { StorageSettings } from '../settings/settings.ts';
import { limited } from './callLimit.ts';
import { openQueue } from './queues.ts';
import { createTables, failureOf } from './tables.ts';

/**
 * Creates a table, writes and reads a row, and deletes the table. Null when all of it worked.
 *
 * @param id unique letters and digits for the table's name
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

/** Creates a queue, sends and receives a message, and deletes the queue. Null when all of it worked. */
export function tryQueues(settings: StorageSettings, id: string): Promise<StorageFault | null> {
  return attempt(async () => {
    const queue = await openQueue(settings, `mailscope-doctor-${id}`);
    try {
      await limited((abortSignal) => queue.sendMessage('doctor', { abortSignal }));
      await limited((abortSignal) => queue.receiveMessages({ abortSignal }));
    } finally {
      await limited((abortSignal) => queue.delete({ abortSignal }));
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

/** How the account failed, read from an error of this folder or of a storage library. */
export function faultOf(error: unknown): StorageFault {
  const cause = error instanceof MailscopeError ? error.cause : error;
  const { statusCode = null, code = null } = failureOf(cause);
  const name = cause instanceof Error ? cause.name : '';
  // The identity library has CredentialUnavailableError, AuthenticationError and AggregateAuthenticationError.
  const noToken = /^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(name);
  return { status: noToken ? null : statusCode, code: noToken ? name : code, noToken };
}
