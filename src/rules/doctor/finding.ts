// The result of a doctor's check: how bad it is, a sentence, and what to do. Pure.

/** From best to worst. `skipped`: the check could not be made, or there is nothing to check. */
export const RESULTS = ['ok', 'skipped', 'warning', 'problem'] as const;
export type Result = (typeof RESULTS)[number];

export interface Finding {
  readonly result: Result;
  /** Never holds a secret, a token, a subject or the address of a webhook. */
  readonly says: string;
  /** What to do, or a useful fact; null when there is nothing to add. */
  readonly advice: string | null;
}

export function ok(says: string, advice: string | null = null): Finding {
  return { result: 'ok', says, advice };
}

export function warning(says: string, advice: string): Finding {
  return { result: 'warning', says, advice };
}

export function problem(says: string, advice: string): Finding {
  return { result: 'problem', says, advice };
}

/** @param because the reason, without the final full stop */
export function skipped(because: string): Finding {
  return { result: 'skipped', says: `Skipped: ${because}.`, advice: null };
}

export function worstOf(findings: readonly Finding[]): Result {
  return RESULTS.findLast((result) => findings.some((finding) => finding.result === result)) ?? 'ok';
}
