// Makes runs and observations for tests of the rules.
import type { JudgingRun } from '../../src/rules/judge.ts';
import type { Observation } from '../../src/rules/observation.ts';

const START = Date.parse('2026-11-23T08:00:00Z');

/** Run `number`, which began this many milliseconds after eight, and the ticks missed so far. */
export function runAt(number: number, ms: number, missedTotal = 0): JudgingRun {
  return { number, startedAt: new Date(START + ms).toISOString(), missedTotal };
}

/** An observation from a letter: o readable, x refused, u refused without a held control, ? inconclusive. */
export function observed(letter: string, run: Pick<JudgingRun, 'number' | 'startedAt'>): Observation {
  const outcome = letter === 'o' ? 'readable' : letter === '?' ? 'inconclusive' : 'refused';
  return {
    mailbox: 'a@contoso.example',
    runId: `run-${run.number}`,
    checkedAt: run.startedAt,
    outcome,
    reason: outcome === 'inconclusive' ? 'timeout' : null,
    status: { readable: 200, refused: 403, inconclusive: null }[outcome],
    code: outcome === 'refused' ? 'ErrorAccessDenied' : null,
    messageClass: outcome === 'refused' ? 'application-access-policy' : null,
    requestId: null,
    clientRequestId: null,
    batchRequestId: null,
    durationMs: 80,
    attempts: 1,
    controlHeld: letter !== 'u',
  };
}
