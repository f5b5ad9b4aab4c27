// A report in words, and as an exit code.
import type { Asked, AskReport } from '../monitor/ask.ts';
import type { Reason } from '../rules/classify.ts';

const WHY: Readonly<Record<Reason, string>> = {
  throttled: 'Graph asks to be left alone',
  'not-found': 'Graph knows no such user',
  'no-mailbox': 'no mailbox that Graph can reach',
  token: 'no token, or Graph rejects it',
  service: 'Graph is in trouble',
  network: 'Graph cannot be reached',
  timeout: 'no answer in time',
  unexpected: 'the answer proves nothing',
};

/** What one answer means. */
export function meaning({ verdict, outcome, reason }: Asked): string {
  if (verdict === 'compliant') return 'as declared';
  if (verdict === 'breach') return 'BREACH: it must be refused';
  if (verdict === 'lockout') return 'LOCKOUT: it must be readable';
  const why = outcome === 'refused' ? 'no allowed mailbox was readable before and after' : WHY[reason ?? 'unexpected'];
  return `not provable: ${why}`;
}

/** Graph's id of the request; of the batch when the mailbox has none of its own. */
export function requestIdOf({ requestId, batchRequestId }: Asked): string | null {
  return requestId ?? batchRequestId;
}

/** How many are what: `2 as declared, 1 breach`. */
export function counted({ verdicts }: AskReport): string {
  const { compliant, breach, lockout, unverified } = verdicts;
  const parts = [
    [compliant, 'as declared'],
    [breach, breach === 1 ? 'breach' : 'breaches'],
    [lockout, lockout === 1 ? 'lockout' : 'lockouts'],
    [unverified, 'not provable'],
  ] as const;
  return parts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(', ');
}

/** 0 all is as declared, 1 a breach or a lockout, 2 something could not be proved. What is wrong goes before what is unknown. */
export function exitCodeOf({ verdicts }: AskReport): 0 | 1 | 2 {
  if (verdicts.breach + verdicts.lockout > 0) return 1;
  return verdicts.unverified > 0 ? 2 : 0;
}

/** A span of time as a person says it: `40 s`, `5 min`, `1 h 55 min`. */
export function span(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
