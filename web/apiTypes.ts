// What the API answers, by its own description: `npm run api` writes api.d.ts.
import type { components } from './api.d.ts';

type Schemas = components['schemas'];

export type Verdict = Schemas['Verdict'];
export type DriftKind = Schemas['DriftKind'];
export type Expectation = Schemas['Expectation'];
export type Outcome = Schemas['Outcome'];
export type Observation = Schemas['Observation'];
export type Drift = Schemas['Drift'];
export type Mailbox = Schemas['Mailbox'];
export type Health = Schemas['Health'];
export type HealthProblem = Schemas['HealthProblem'];
export type Problem = Schemas['Problem'];

export type Run = Schemas['Run'] & {
  readonly missedTicks?: number;
  /** When the denied mailbox that waits longest for proof was last proven; null when that is unknown. */
  readonly oldestProof?: string | null;
};

export interface Scope {
  readonly name: string;
  readonly resource: string;
  readonly identity: { readonly kind: string; readonly clientId: string | null } | null;
  readonly mailboxes: { readonly allowed: number; readonly denied: number } | null;
  readonly verdicts: Readonly<Record<Verdict, number>> | null;
  readonly openDrift: Readonly<Record<DriftKind, number>> | null;
  readonly lastCompletedRun: string | null;
  readonly controlHeld: boolean | null;
  readonly status: 'healthy' | 'unhealthy';
  readonly problems: readonly HealthProblem[];
}

/** A page of a list. */
export interface Page<Item> {
  readonly value: readonly Item[];
  readonly nextLink?: string;
}
