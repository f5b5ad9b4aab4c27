// Decides what one answer of Microsoft Graph proves about access to a mailbox.
import { cutWord, LONGEST } from './foreignText.ts';
import type { Resource } from './resources.ts';

/** The result of one request. */
export type Outcome = 'readable' | 'refused' | 'inconclusive';

/** Why an outcome is inconclusive. */
export type Reason =
  | 'throttled'
  | 'not-found'
  | 'no-mailbox'
  | 'token'
  | 'service'
  | 'network'
  | 'timeout'
  | 'unexpected';

/**
 * The mechanism that a refusal's message points to. It is only evidence: messages may change, so no verdict uses it.
 */
export type MessageClass = 'application-access-policy' | 'generic' | 'other';

/** An answer: the status, and the body as parsed JSON, or as text when it is not JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Classification {
  readonly outcome: Outcome;
  /** Null unless the outcome is inconclusive. */
  readonly reason: Reason | null;
  /** Graph's `error.code`, the outermost one. */
  readonly code: string | null;
  /** Null unless the outcome is refused. */
  readonly messageClass: MessageClass | null;
}

const NOT_FOUND = new Set(['ErrorInvalidUser', 'Request_ResourceNotFound', 'ResourceNotFound']);
// The last three come for a mailbox that is gone, or that has no inbox.
const NO_MAILBOX = new Set([
  'MailboxNotEnabledForRESTAPI',
  'MailboxNotSupportedForRESTAPI',
  'ErrorNonExistentMailbox',
  'ErrorFolderNotFound',
  'ErrorItemNotFound',
]);
const ACCESS_DENIED = new Set(['ErrorAccessDenied']);

/**
 * Classifies an answer to a request for the `resource` of a mailbox.
 *
 * It uses the status and `error.code`, including nested codes, as Microsoft asks ("Microsoft Graph error responses and
 * resource types"). Only two answers prove something: a 200 with the data, and a 403 `ErrorAccessDenied` that does not
 * hide a missing mailbox. Everything else is inconclusive. A 404 too: a deleted mailbox answers 404 for ever.
 */
export function classify(answer: Answer, resource: Pick<Resource, 'isReadable'>): Classification {
  const { status, body } = answer;
  if (status === 200) return resource.isReadable(body) ? READABLE : inconclusive('unexpected', null);
  const errors = nestedErrors(body);
  const code = errors[0]?.code ?? null;
  const has = (codes: ReadonlySet<string>) => errors.some((error) => error.code !== null && codes.has(error.code));

  if (status === 401) return inconclusive('token', code);
  if (status === 429) return inconclusive('throttled', code);
  if (isServiceFault(status)) return inconclusive('service', code);
  if (status !== 403 && status !== 404) return inconclusive('unexpected', code);
  if (has(NO_MAILBOX)) return inconclusive('no-mailbox', code);
  if (has(NOT_FOUND)) return inconclusive('not-found', code);
  if (status === 404 || !has(ACCESS_DENIED)) return inconclusive('unexpected', code);
  return { outcome: 'refused', reason: null, code, messageClass: messageClass(errors[0]?.message ?? '') };
}

const READABLE: Classification = { outcome: 'readable', reason: null, code: null, messageClass: null };

/** The classification of a request that showed nothing. */
export function inconclusive(reason: Reason, code: string | null = null): Classification {
  return { outcome: 'inconclusive', reason, code, messageClass: null };
}

// 408: the request took too long. 424: another part of Graph failed, for a whole batch or inside it. 425: too early.
const PASSING = new Set([408, 424, 425]);

/** Whether a status says that the service has trouble, so that the same request may succeed a little later. */
export function isServiceFault(status: number): boolean {
  return status >= 500 || PASSING.has(status);
}

/** Whether the body of an answer could not be read as JSON: raw text, a page of HTML, or half of the answer. */
export function isUnreadable({ status, body }: Answer): boolean {
  return status === 200 && typeof body === 'string';
}

interface NestedError {
  readonly code: string | null;
  readonly message: string | null;
}

/** The error and its nested errors, outermost first. Graph spells the nesting in two ways. Ten levels are enough. */
function nestedErrors(body: unknown): NestedError[] {
  const errors: NestedError[] = [];
  let error = isRecord(body) ? body.error : undefined;
  while (isRecord(error) && errors.length < 10) {
    errors.push({ code: text(error.code, LONGEST.code), message: text(error.message, LONGEST.sentence) });
    error = error.innerError ?? error.innererror;
  }
  return errors;
}

function messageClass(message: string): MessageClass {
  // "Access to OData is disabled." is the older text for the same policy, without the marker [RAOP].
  if (/\[RAOP\]|AppOnly AccessPolicy|Access to OData is disabled/i.test(message)) return 'application-access-policy';
  if (/^Access is denied\. Check credentials and try again\./i.test(message)) return 'generic';
  return 'other';
}

/** Whether unknown data is an object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown, most: number): string | null {
  return typeof value === 'string' && value !== '' ? cutWord(value, most) : null;
}
