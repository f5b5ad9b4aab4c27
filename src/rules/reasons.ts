// The reasons why an answer proves nothing, in words. Pure.
import type { Reason } from './classify.ts';

export const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  throttled: 'Graph throttles the app',
  'not-found': 'Graph does not know this user',
  'no-mailbox': 'no mailbox that Graph can reach',
  token: 'no token, or Graph rejects it',
  service: 'Graph answers with a server error',
  network: 'Graph cannot be reached',
  timeout: 'no answer in time',
  unexpected: 'an unexpected answer',
};
