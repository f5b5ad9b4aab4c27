// What a check of the doctor finds: how bad it is, in a sentence, and what to do. Pure.

/** From the best to the worst. `skipped`: it could not be looked at, or there is nothing to look at. */
export const RESULTS = ['ok', 'skipped', 'warning', 'problem'] as const;
export type Result = (typeof RESULTS)[number];

export interface Finding {
  readonly result: Result;
  /** Never holds a secret, a token, a subject or the address of a webhook. */
  readonly says: string;
  /** What to do, or what is good to know; null where there is nothing. */
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

/** @param because why, as the rest of a sentence */
export function skipped(because: string): Finding {
  return { result: 'skipped', says: `Skipped, because ${because}.`, advice: null };
}

export function worstOf(findings: readonly Finding[]): Result {
  return RESULTS.findLast((result) => findings.some((finding) => finding.result === result)) ?? 'ok';
}
