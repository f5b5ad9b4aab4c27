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
export type Run = Schemas['Run'];
export type Scope = Schemas['Scope'];

/** A page of a list. */
export interface Page<Item> {
  readonly value: readonly Item[];
  readonly nextLink?: string;
}
