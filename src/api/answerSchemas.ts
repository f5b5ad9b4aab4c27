// The answers of the API as schemas. The types of the code are inferred from them, or compared with them by the compiler.
import * as z from 'zod';
import type { ErrorCode } from '../errors.ts';
import { MESSAGE_CLASSES, OUTCOMES, REASONS } from '../rules/classify.ts';
import { CLOSED_BECAUSE, type Drift } from '../rules/drift.ts';
import { DRIFT_KINDS, VERDICTS } from '../rules/judge.ts';
import { EXPECTATIONS } from '../rules/mailbox.ts';
import type { Observation } from '../rules/observation.ts';
import { RESOURCE_NAMES } from '../rules/resources.ts';
import { PROBLEM_CODES } from './problemCodes.ts';

/** What a schema describes, as code that only reads has it. */
export type Seen<Schema extends z.ZodType> = Reading<z.infer<Schema>>;

/** Everything in it is for reading. */
export type Reading<T> = T extends readonly (infer Item)[]
  ? readonly Reading<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Reading<T[Name]> }
    : T;

/** Compiles only for two types that are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;

/** Values that may become more in a later version: a client must not fail at a new one. */
function open<const T extends readonly string[]>(id: string, values: T) {
  return z.enum(values).meta({ id, 'x-ms-enum': { name: id, modelAsString: true } });
}

/** ISO 8601 UTC. */
const time = z.string().meta({ format: 'date-time' });
const count = z.int().min(0).meta({ format: 'int64' });

const expectation = open('Expectation', EXPECTATIONS);
const verdict = open('Verdict', VERDICTS);
const outcome = open('Outcome', OUTCOMES);
const reason = open('Reason', REASONS);
const messageClass = open('MessageClass', MESSAGE_CLASSES);
const driftKind = open('DriftKind', DRIFT_KINDS);
const closedBecause = open('ClosedBecause', CLOSED_BECAUSE);
const trigger = open('RunTrigger', ['timer', 'request', 'scope-breach', 'overdue']);
const runStatus = open('RunStatus', ['running', 'completed', 'incomplete']);
const problemCode = open('ProblemCode', PROBLEM_CODES);
const HEALTH_CODES = [
  'identity-unavailable',
  'storage-unavailable',
  'tables-in-use',
  'no-run-yet',
  'run-overdue',
  'control-not-held',
  'alert-undelivered',
] as const;
const healthCode = open('HealthCode', ['configuration-invalid', ...HEALTH_CODES]);
const faultKind = open('FaultKind', ['missing', 'malformed', 'out-of-range', 'contradictory']);
const healthStatus = open('HealthStatus', ['healthy', 'unhealthy']);

const outcomes = z.object({ readable: count, refused: count, inconclusive: count }).meta({ id: 'OutcomeCounts' });
const verdicts = z
  .object({ compliant: count, breach: count, lockout: count, unverified: count, pending: count })
  .meta({ id: 'VerdictCounts' });
const driftCounts = z.object({ breach: count, lockout: count, unverified: count }).meta({ id: 'DriftCounts' });

export const observation = z
  .object({
    mailbox: z.string(),
    runId: z.string(),
    checkedAt: time,
    outcome,
    reason: reason.nullable(),
    status: z.int().meta({ format: 'int32' }).nullable(),
    code: z.string().nullable(),
    messageClass: messageClass.nullable(),
    requestId: z.string().nullable(),
    clientRequestId: z.string().nullable(),
    batchRequestId: z.string().nullable(),
    durationMs: count,
    attempts: count,
    controlHeld: z.boolean(),
  })
  .meta({ id: 'Observation', description: 'What a run saw of one mailbox, with the evidence.' });
true satisfies Same<Seen<typeof observation>, Reading<Observation>>;

export const drift = z
  .object({
    id: z.string(),
    mailbox: z.string(),
    kind: driftKind,
    openedAt: time,
    openedRun: count,
    firstSight: z.boolean(),
    closedAt: time.nullable(),
    closedRun: count.nullable(),
    closedBecause: closedBecause.nullable(),
    recovered: z.boolean().exactOptional(),
    evidence: z.object({ opened: observation, closed: observation.exactOptional() }).meta({ id: 'Evidence' }),
    probableCause: z.string().nullable(),
  })
  .meta({ id: 'Drift', description: 'The time of one breach, lockout or unverified verdict.' });
/** A drift in the API's answer. */
export type DriftView = Seen<typeof drift>;
true satisfies Same<keyof DriftView, keyof Drift | 'probableCause'>;

export const mailbox = z
  .object({
    mailbox: z.string(),
    expectation,
    verdict,
    since: time.nullable(),
    stale: z.boolean().meta({ description: 'No run has seen the mailbox for three intervals.' }),
    provenAt: time.nullable(),
    declaredAt: time.nullable(),
    lastOutcome: outcome.nullable(),
    lastReason: reason.nullable(),
    lastCheckedAt: time.nullable(),
    recent: z.string().meta({
      description: 'One letter a run, newest last: o readable, x refused, ? inconclusive, . nothing.',
    }),
    latestSubject: z.string().nullable().exactOptional(),
    latestReceivedDateTime: time.nullable().exactOptional(),
    openDrift: drift.exactOptional(),
  })
  .meta({ id: 'Mailbox', description: 'Where a mailbox stands.' });
/** A mailbox in the API's answer. */
export type MailboxView = Seen<typeof mailbox>;

export const latestSubject = z
  .object({
    mailbox: z.string(),
    subject: z.string().nullable().meta({ description: 'Null when the inbox is empty, or the mail has none.' }),
    receivedDateTime: time.nullable(),
    checkedAt: time,
  })
  .meta({ id: 'LatestSubject' });
export type LatestSubject = Seen<typeof latestSubject>;

export const run = z
  .object({
    id: z.string().meta({ description: 'Start and number.', examples: ['20261123T081500Z-42'] }),
    number: count,
    trigger,
    status: runStatus,
    startedAt: time,
    finishedAt: time.nullable(),
    mailboxes: count,
    shards: count,
    skippedTicks: count,
    missedTicks: count.nullable().meta({ description: 'Null in runs of an earlier version.' }),
    controlHeld: z.boolean().meta({ description: 'Whether the control held in every shard.' }),
    shardsWithoutControl: count,
    outcomes,
    verdicts,
    messageClasses: z
      .object({ 'application-access-policy': count, generic: count, other: count })
      .meta({ id: 'MessageClassCounts' }),
    opened: count,
    closed: count,
    added: count,
    removed: count,
    redeclared: count,
    notSeen: count,
    byExpectation: z.object({ allowed: outcomes, denied: outcomes }).meta({ id: 'OutcomesByExpectation' }),
    verdictsByExpectation: z
      .object({ allowed: verdicts, denied: verdicts })
      .meta({ id: 'VerdictsByExpectation' })
      .nullable(),
    oldestProof: time.nullable().meta({
      description: 'When the denied mailbox that waits longest for proof was last proven, or else declared.',
    }),
    openedByKind: driftCounts,
    roles: z.array(z.string()),
    throttled: count,
    waitedMs: count,
    probableCause: z.string().nullable(),
    problem: z.string().exactOptional(),
  })
  .meta({ id: 'Run', description: 'One pass over all listed mailboxes. While it runs, what its shards saw so far.' });
/** A run with its result. A run in progress has the result of the shards that are done. */
export type RunView = Seen<typeof run>;

export const startedRun = z.object({ id: z.string() }).meta({ id: 'StartedRun' });

const healthProblem = z
  .object({
    code: healthCode,
    setting: z.string().exactOptional(),
    fault: faultKind.exactOptional(),
    detail: z.string().exactOptional(),
    scope: z.string().exactOptional(),
  })
  .meta({ id: 'HealthProblem', description: 'It has setting and fault, or detail; and scope, if there are several.' });
/** A code of a problem that is no fault of a setting. */
export type HealthCode = (typeof HEALTH_CODES)[number];

export const health = z
  .object({
    status: healthStatus,
    lastCompletedRun: z.string().nullable(),
    nextRunExpectedBy: time.nullable(),
    alertsPausedUntil: time.exactOptional(),
    problems: z.array(healthProblem),
  })
  .meta({ id: 'Health' });
export type Health = Seen<typeof health>;

export const scopes = z
  .object({
    value: z.array(
      z
        .object({
          name: z.string(),
          resource: open('Resource', RESOURCE_NAMES).nullable(),
          identity: z
            .object({
              kind: open('IdentityKind', ['managed-identity', 'app-registration', 'federated', 'developer']),
              clientId: z.string().nullable().meta({ description: 'Null for the app’s own identity.' }),
            })
            .meta({ id: 'Identity' })
            .nullable(),
          mailboxes: z.object({ allowed: count, denied: count }).meta({ id: 'MailboxCounts' }).nullable(),
          verdicts: verdicts.nullable(),
          openDrift: driftCounts.nullable(),
          lastCompletedRun: z.string().nullable(),
          controlHeld: z.boolean().nullable(),
          status: healthStatus,
          problems: z.array(healthProblem),
        })
        .meta({
          id: 'Scope',
          description:
            'What a scope watches, and what its last completed run has counted. Null is what cannot be known now: problems says why.',
        }),
    ),
  })
  .meta({ id: 'ScopeList' });
export type ScopeView = Seen<typeof scopes>['value'][number];

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().meta({ format: 'int32' }),
    detail: z.string(),
    instance: z.string(),
    code: problemCode,
    graph: z
      .object({
        status: z.int().meta({ format: 'int32' }).nullable(),
        code: z.string().nullable(),
        requestId: z.string().nullable(),
      })
      .meta({ id: 'GraphAnswer', description: 'What Microsoft Graph answered.' })
      .exactOptional(),
    runId: z.string().exactOptional(),
    faults: z.array(z.string()).exactOptional(),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });
true satisfies Same<Seen<typeof problem>['code'], ErrorCode>;

/** A page of a list. */
export function page<Item extends z.ZodType>(id: string, item: Item) {
  return z.object({ value: z.array(item), nextLink: z.string().exactOptional() }).meta({ id });
}

export { driftKind, expectation, healthCode, verdict };
