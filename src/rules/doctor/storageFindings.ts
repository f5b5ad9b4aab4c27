// Judges a failed attempt to use the storage account. Pure.
import { answerText } from '../observation.ts';
import { type Finding, ok, problem } from './finding.ts';

/** The failure of a service of the account. */
export interface StorageFault {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly code: string | null;
  /** Whether the identity had no token for storage. */
  readonly noToken: boolean;
}

/** The services of the account: the role that an identity needs, and what the app does there. */
const SERVICES = {
  table: { role: 'Storage Table Data Contributor', does: 'create, write, read and delete a table' },
  queue: {
    role: 'Storage Queue Data Contributor',
    does: 'create a queue, send and receive a message, and delete the queue',
  },
  blob: { role: 'Storage Blob Data Reader', does: 'read the list of mailboxes' },
} as const;
export type StorageService = keyof typeof SERVICES;

/** Codes of the system for a name that nobody knows. */
const NO_ADDRESS = /^(ENOTFOUND|EAI_AGAIN)$/;

/** @param kind how the account is reached */
export function judgeStorage(
  service: StorageService,
  kind: 'connection-string' | 'identity',
  fault: StorageFault | null,
): Finding {
  const { role, does } = SERVICES[service];
  if (fault === null) return ok(`The ${service} service works: Mailscope could ${does}.`);
  const { status, code, noToken } = fault;
  if (noToken) {
    const advice =
      'Check that AzureWebJobsStorage__credential, and __clientId or __managedIdentityResourceId, name an identity of this machine.';
    return problem(`The identity gets no token for the ${service} service (${code ?? 'no reason given'}).`, advice);
  }
  if (status === null && NO_ADDRESS.test(code ?? '')) {
    const advice =
      'The account was deleted, or its name is misspelt in the settings. With a private endpoint, check the private DNS zone.';
    return problem(`The ${service} service has no address (${code}).`, advice);
  }
  if (status === null) {
    const advice =
      'Check the name or address of the account, and that its firewall lets this machine in. For the emulator, run npm start first.';
    return problem(`The ${service} service cannot be reached (${code ?? 'no answer'}).`, advice);
  }
  const says = `The ${service} service did not let Mailscope ${does}: ${answerText({ status, code })}.`;
  if (status !== 401 && status !== 403) return problem(says, 'Look up the code in “Common REST API error codes”.');
  if (code === 'KeyBasedAuthenticationNotPermitted') {
    const advice =
      'The account takes no keys. Remove AzureWebJobsStorage, and set AzureWebJobsStorage__accountName and __credential to use an identity.';
    return problem(says, advice);
  }
  const key = 'Check that the key is still valid, or that the signature allows reading, writing and deleting.';
  const rights = `Give the identity the role ${role} on the account. This can take ten minutes.`;
  const right = kind === 'identity' ? rights : key;
  // A firewall answers with this code. A missing role usually has another: AuthorizationPermissionMismatch.
  if (code === 'AuthorizationFailure') {
    return problem(says, `First check that the account’s firewall lets this machine in. If it does: ${right}`);
  }
  return problem(says, `${right} Also check that its firewall lets this machine in.`);
}
