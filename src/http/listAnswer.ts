// Answers a page of a list: `{"value": […], "nextLink": "…"}`.
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { Services } from '../services.ts';
import { type Endpoint, endpoint, isPlatformParameter, json } from './endpoint.ts';
import { PAGE_PARAMETERS, type PageQuestion, type Parameters, writeAfter } from './parameters.ts';

interface AnsweredPage {
  readonly items: readonly unknown[];
  readonly continuation: string | null;
}

type ListVerb<Question> = (
  services: Services,
  question: Question,
  page: PageQuestion,
  request: HttpRequest,
) => Promise<AnsweredPage>;

/** An endpoint that answers one page of what `list` finds. */
export function listEndpoint<Question>(parameters: Parameters<NoInfer<Question>>, list: ListVerb<Question>): Endpoint {
  // Together they read every field of both.
  const all = { ...parameters, ...PAGE_PARAMETERS } as Parameters<Question & PageQuestion>;
  return endpoint(all, async (services, { top, after, ...question }: Question & PageQuestion, request) => {
    // What is left without the page's own parameters is the question.
    const page = await list(services, question as Question, { top, after }, request);
    return listAnswer(request, page);
  });
}

/** One page. The link to the next one repeats the parameters, but never a key. */
function listAnswer(request: HttpRequest, { items: value, continuation }: AnsweredPage): HttpResponseInit {
  if (continuation === null) return json({ value });
  // The parameters as the host read them: it keeps bad escapes as text, and URLSearchParams would replace them.
  const own = [...request.query].filter(([name]) => !isPlatformParameter(name));
  const url = new URL(request.url);
  url.search = new URLSearchParams(own).toString();
  url.searchParams.set('after', writeAfter(continuation));
  return json({ value, nextLink: url.href });
}
