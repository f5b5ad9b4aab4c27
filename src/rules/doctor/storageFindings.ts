// What a failed attempt to use the storage account means. Pure.
import { answerText } from '../observation.ts';
import { type Finding, ok, problem } from './finding.ts';

/** How a service of the account failed. */
export interface StorageFault {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly code: string | null;
  /** Whether the identity had no token for storage. */
  readonly noToken: boolean;
}

/** A service of the account: its rights under an identity, and what the app does there. */
const SERVICES = {
  table: { role: 'Storage Table Data Contributor', does: 'make a table, write, read and delete it' },
  queue: { role: 'Storage Queue Data Contributor', does: 'make a queue, send, receive and delete it' },
  blob: { role: 'Storage Blob Data Reader', does: 'read the list of mailboxes' },
} as const;
export type StorageService = keyof typeof SERVICES;

/** @param kind how the account is reached */
export function judgeStorage(
  service: StorageService,
  kind: 'connection-string' | 'identity',
  fault: StorageFault | null,
): Finding {
  const { role, does } = SERVICES[service];
  if (fault === null) return ok(`The ${service} service let us ${does}.`);
  const { status, code, noToken } = fault;
  if (noToken) {
    const advice = 'Is AzureWebJobsStorage__credential, and __clientId, that of an identity of this machine?';
    return problem(`The identity gets no token for the ${service} service (${code ?? 'no reason given'}).`, advice);
  }
  if (status === null) {
    const advice =
      'Is the account’s name or address right (for the emulator: does npm start run)? Does its firewall let this machine in?';
    return problem(`The ${service} service cannot be reached (${code ?? 'no answer'}).`, advice);
  }
  const says = `The ${service} service did not let us ${does}: ${answerText({ status, code })}.`;
  if (status !== 401 && status !== 403) return problem(says, 'Look up the code in “Common REST API error codes”.');
  const key = 'Is the key still the account’s, or the signature good for reading, writing and deleting?';
  const rights = `Give the identity the role ${role} on the account; that may take ten minutes.`;
  return problem(says, `${kind === 'identity' ? rights : key} Does its firewall let this machine in?`);
}
