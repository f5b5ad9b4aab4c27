// Why an answer proves nothing, in words. Pure.
import type { Reason } from './classify.ts';

export const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  throttled: 'Graph asks to be left alone',
  'not-found': 'Graph knows no such user',
  'no-mailbox': 'no mailbox that Graph can reach',
  token: 'no token, or Graph rejects it',
  service: 'Graph is in trouble',
  network: 'Graph cannot be reached',
  timeout: 'no answer in time',
  unexpected: 'the answer proves nothing',
};
