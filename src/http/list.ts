// Lists in pages: `{"value": […], "nextLink": "…"}`.
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { json, PLATFORM_PARAMETERS } from './endpoint.ts';
import { writeAfter } from './parameters.ts';

/** The parameters that every list takes. */
export const LIST_PARAMETERS: readonly string[] = ['top', 'after'];

/** One page. The link to the next one repeats the question, and never a key. */
export function listAnswer(
  request: HttpRequest,
  value: readonly unknown[],
  continuation: string | null,
): HttpResponseInit {
  if (continuation === null) return json({ value });
  const url = new URL(request.url);
  for (const name of PLATFORM_PARAMETERS) url.searchParams.delete(name);
  url.searchParams.set('after', writeAfter(continuation));
  return json({ value, nextLink: url.href });
}
