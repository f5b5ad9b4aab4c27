// Makes answers like Graph's: status, headers, body, and the error texts of its gateway and of Exchange.
import { randomUUID } from 'node:crypto';
import type { ErrorBody } from './faults.ts';

export interface GraphRequest {
  readonly method: string;
  /** The URL without the version: `/users/…`, still encoded, with the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

export interface GraphAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** An object is sent as JSON, a string or a `RawText` as it is, undefined as no body. */
  readonly body?: object | string;
  /** Cut the connection in the middle of the body. */
  readonly cut?: boolean;
}

/** Text that stands in a batch as it is, although it is not JSON. Any other text is put there as base64. */
export class RawText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function ok(body: object): GraphAnswer {
  const type = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
  return { status: 200, headers: { 'Cache-Control': 'private', 'Content-Type': type, 'OData-Version': '4.0' }, body };
}

/** An error like Graph's. The inner error repeats the client's own id from `request`. */
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

// Graph's own texts. docs/architecture.md names the sources.
export const TEXTS = {
  policy: 'Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.',
  accessDenied: 'Access is denied. Check credentials and try again.',
  unavailable: 'The service is unavailable.',
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
  ErrorItemNotFound: 'The specified object was not found in the store.',
  ErrorFolderNotFound: 'The specified folder could not be found in the store.',
  ErrorNonExistentMailbox: 'The SMTP address has no mailbox associated with it.',
  OrganizationFromTenantGuidNotFound: 'The tenant for tenant guid does not exist.',
  ApplicationThrottled: TEXTS.concurrency,
  TooManyRequests: TEXTS.throttled,
};

const FAULT_CODES: Readonly<Record<number, string>> = {
  401: 'InvalidAuthenticationToken',
  403: 'ErrorAccessDenied',
  404: 'ErrorInvalidUser',
  429: 'TooManyRequests',
};

/** The error of a fault, with the text that belongs to its code. */
export function faultAnswer(
  request: GraphRequest,
  status: number,
  code = FAULT_CODES[status] ?? 'UnknownError',
): GraphAnswer {
  return failure(request, status, code, FAULT_TEXTS[code] ?? '', status === 429 ? { 'Retry-After': '1' } : {});
}

/** The error of a fault, with the body that the fault asks for. */
export function faultBody(answer: GraphAnswer, body: ErrorBody): GraphAnswer {
  const { status, headers } = answer;
  if (body === 'json') return answer;
  if (body === 'empty') return { status, headers: {} };
  if (body === 'raw') return { status, headers: {}, body: new RawText(TEXTS.unavailable) };
  return { status, headers: { ...headers, 'Content-Type': 'text/html' }, body: PAGE };
}

/** A page as a gateway sends it in the place of an answer. */
export const PAGE =
  '<html><head><title>Service Unavailable</title></head><body><h1>Our services are not available</h1></body></html>';
