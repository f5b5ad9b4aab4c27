// A report in words.
import type { Asked, AskReport } from '../ask/ask.ts';
import { reasonText } from '../rules/reasons.ts';

/** What one answer means. */
export function meaning({ verdict, outcome, reason, code }: Asked): string {
  if (verdict === 'compliant') return 'as declared';
  if (verdict === 'breach') return 'BREACH: it must be refused';
  if (verdict === 'lockout') return 'LOCKOUT: it must be readable';
  const why = outcome === 'refused' ? 'no allowed mailbox was readable before and after' : reasonText({ reason, code });
  return `not provable: ${why}`;
}

/** The counts in words: `2 as declared, 1 breach`. */
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
