// Errors as RFC 9457 problem details.
import type { HttpResponseInit } from '@azure/functions';
import { PROBLEMS } from '../api/problemCodes.ts';
import type { MailscopeError } from '../errors.ts';

/** The answer for `error`. `instance` is only the path, because a query may hold a function key. */
export function problemResponse(error: MailscopeError, requestUrl: string, ownStatus?: number): HttpResponseInit {
  const { status: usual, title } = PROBLEMS[error.code];
  const status = ownStatus ?? usual;
  const { graph, retryAfterSeconds, runId, faults } = error.facts;
  const body = {
    type: `urn:mailscope:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    instance: new URL(requestUrl).pathname,
    code: error.code,
    ...(graph ? { graph } : {}),
    ...(runId ? { runId } : {}),
    ...(faults ? { faults } : {}),
  };
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-ms-error-code': error.code,
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  };
  return { status, headers, body: JSON.stringify(body) };
}
