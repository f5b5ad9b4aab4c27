// Answers a page of a list: `{"value": […], "nextLink": "…"}`.
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { json, PLATFORM_PARAMETERS } from './endpoint.ts';
import { writeAfter } from './parameters.ts';

/** The parameters of every list. */
export const LIST_PARAMETERS: readonly string[] = ['top', 'after'];

interface AnsweredPage {
  readonly items: readonly unknown[];
  readonly continuation: string | null;
}

/** One page. The link to the next one repeats the parameters, but never a key. */
export function listAnswer(request: HttpRequest, { items: value, continuation }: AnsweredPage): HttpResponseInit {
  if (continuation === null) return json({ value });
  const url = new URL(request.url);
  for (const name of PLATFORM_PARAMETERS) url.searchParams.delete(name);
  url.searchParams.set('after', writeAfter(continuation));
  return json({ value, nextLink: url.href });
}
