// What is said of a route: who may call it, what it takes, and what it answers.
import type * as z from 'zod';
import type { ErrorCode } from '../errors.ts';
import { type Parameter, scopeName } from './parameters.ts';

/** `open`: anybody. `read`, `run`: who shows a key, or has the app role. */
export type Access = 'open' | 'read' | 'run';

/** The app role that a route needs if callers sign in. */
export const ROLES: Readonly<Record<Exclude<Access, 'open'>, string>> = {
  read: 'Mailscope.Read',
  run: 'Mailscope.Run',
};

export type ParameterSet = Readonly<Record<string, Parameter<unknown>>>;

/** Whatever changes something needs the role for it. */
type Call =
  | { readonly method: 'GET'; readonly access: Exclude<Access, 'run'> }
  | { readonly method: 'POST'; readonly access: 'run' };

/** What a route is asked of: one scope, the one that `?scope=` names or else the first; or all. */
export type Asked = 'scope' | 'all';

export type Route<Set = ParameterSet, Body = unknown, Of extends Asked = Asked> = Call & {
  /** The function. */
  readonly name: string;
  /** The path below `/api`, as the platform writes it: `mailboxes/{mailbox}`. */
  readonly route: string;
  readonly of: Of;
  readonly summary: string;
  readonly description?: string;
  /** Query parameters, without `scope` where it asks one scope. */
  readonly parameters: Set;
  /** Whether HEAD asks the same. */
  readonly head: boolean;
  /** What each status means that is no problem. */
  readonly answers: Readonly<Record<number, string>>;
  readonly body: z.ZodType<Body>;
  /** The types of the body: the first is the usual one. */
  readonly mediaTypes: readonly [string, ...string[]];
  /** Headers of the answer, beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The codes that are its own, beside those of every route. */
  readonly codes: readonly ErrorCode[];
  /** Codes for which this route has another status than the others. */
  readonly statuses?: Partial<Readonly<Record<ErrorCode, number>>>;
};

export const JSON_TYPE = 'application/json';
export const CSV_TYPE = 'text/csv';
export const METRICS_TYPE = 'application/openmetrics-text';

const SCOPE_PARAMETER = { scope: scopeName('The scope that is asked. Without it, the first.') };

/** The query parameters of a route, `scope` included. */
export function parametersOf({ of, parameters }: Route): ParameterSet {
  return of === 'scope' ? { ...parameters, ...SCOPE_PARAMETER } : parameters;
}

/** The codes that every route can answer, those of every route behind a key, and of whatever changes something. */
const OF_EVERY_ROUTE = ['parameter-invalid', 'internal-error'] as const;
const BEHIND_A_KEY = ['configuration-invalid', 'storage-unavailable'] as const;
const OF_SIGN_IN = ['sign-in-off', 'sign-in-required', 'role-missing'] as const;

/** All codes that a route can answer. */
export function codesOf(route: Route): ErrorCode[] {
  const { access, method, mediaTypes, codes } = route;
  return [
    ...codes,
    ...(mediaTypes.length > 1 ? (['not-acceptable'] as const) : []),
    ...('scope' in parametersOf(route) ? (['scope-not-found'] as const) : []),
    ...(method === 'POST' ? (['cross-site'] as const) : []),
    ...(access === 'open' ? [] : [...OF_SIGN_IN, ...BEHIND_A_KEY]),
    ...OF_EVERY_ROUTE,
  ];
}
