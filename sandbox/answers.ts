// Answers in Graph's shape: status, headers, body, and errors as its gateway and Exchange word them.
import { randomUUID } from 'node:crypto';

export interface GraphRequest {
  readonly method: string;
  /** Without the version: `/users/…`, still encoded, query included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

export interface GraphAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** An object becomes JSON, a string goes out as it is, undefined is no body. */
  readonly body?: object | string;
  /** The connection is cut in the middle of the body. */
  readonly cut?: boolean;
}

export function ok(body: object): GraphAnswer {
  const type = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
  return { status: 200, headers: { 'Cache-Control': 'private', 'Content-Type': type, 'OData-Version': '4.0' }, body };
}

/** Graph's error; `request` lends the client's own id to the inner error. */
export function failure(
  request: GraphRequest,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphAnswer {
  const requestId = randomUUID();
  const innerError = {
    date: new Date().toISOString().slice(0, 19),
    'request-id': requestId,
    'client-request-id': request.headers['client-request-id'] ?? requestId,
  };
  return {
    status,
    headers: { 'Cache-Control': 'private', 'Content-Type': 'application/json', 'request-id': requestId, ...headers },
    body: { error: { code, message, innerError } },
  };
}

// Texts as in the table of answers that the project's facts rest on; see docs/architecture.md for the source.
export const TEXTS = {
  policy: 'Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.',
  accessDenied: 'Access is denied. Check credentials and try again.',
  noMailbox: 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
  concurrency: 'Application is over its MailboxConcurrency limit.',
  throttled: 'Please retry again later.',
} as const;

const FAULT_TEXTS: Readonly<Record<string, string>> = {
  ErrorAccessDenied: TEXTS.accessDenied,
  MailboxNotEnabledForRESTAPI: TEXTS.noMailbox,
  NoPermissionsInAccessToken: 'The token contains no permissions, or permissions can not be understood.',
  InvalidAuthenticationToken: 'Lifetime validation failed, the token is expired.',
  ErrorInvalidUser: 'The requested user is invalid.',
  ApplicationThrottled: TEXTS.concurrency,
  TooManyRequests: TEXTS.throttled,
};

const FAULT_CODES: Readonly<Record<number, string>> = {
  401: 'InvalidAuthenticationToken',
  403: 'ErrorAccessDenied',
  404: 'ErrorInvalidUser',
  429: 'TooManyRequests',
};

/** The error that a fault asks for, with the text that goes with its code. */
export function faultAnswer(
  request: GraphRequest,
  status: number,
  code = FAULT_CODES[status] ?? 'UnknownError',
): GraphAnswer {
  return failure(request, status, code, FAULT_TEXTS[code] ?? '', status === 429 ? { 'Retry-After': '1' } : {});
}
