// The reasons why an answer proves nothing, in words. Pure.

import type { Reason } from './classify.ts';
import type { Observation } from './observation.ts';

const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  throttled: 'Graph throttles the app',
  'not-found': 'Graph does not know this user',
  'no-mailbox': 'no mailbox that Graph can reach',
  token: 'no token, or Graph rejects it',
  service: 'Graph answers with a server error',
  network: 'Graph cannot be reached',
  timeout: 'no answer in time',
  unexpected: 'an unexpected answer',
};

/** With this code Graph answers 401 to a good token. */
const NO_SUCH_ORGANIZATION = 'OrganizationFromTenantGuidNotFound';

/** Whether the token is good, but its tenant has no mailboxes at all. */
export function isWrongTenant({ reason, code }: Pick<Observation, 'reason' | 'code'>): boolean {
  return reason === 'token' && code === NO_SUCH_ORGANIZATION;
}

/** Why an answer proves nothing. */
export function reasonText(seen: Pick<Observation, 'reason' | 'code'>): string {
  if (isWrongTenant(seen)) return 'the tenant has no Exchange Online, or it is the wrong tenant';
  return REASON_TEXTS[seen.reason ?? 'unexpected'];
}
