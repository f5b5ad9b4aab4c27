// Answers a page of a list: as JSON `{"value": […], "nextLink": "…"}`, or as CSV with a `Link` header.
import type { HttpRequest } from '@azure/functions';
import type { Reading } from '../api/answerSchemas.ts';
import { type FORMAT_PARAMETER, type PAGE_PARAMETERS, type PageQuestion, readPage, writeAfter } from '../api/page.ts';
import type { QuestionOf } from '../api/parameters.ts';
import type { ParameterSet, Route } from '../api/route.ts';
import type { Services } from '../services.ts';
import { formatOf } from './accept.ts';
import { csvAnswer } from './csvAnswer.ts';
import { type Endpoint, isPlatformParameter, json, rawEndpoint, type Takes } from './endpoint.ts';

interface AnsweredPage<Item> {
  readonly items: readonly Item[];
  readonly continuation: string | null;
}

type ListVerb<Question, Item> = (
  services: Services,
  question: Question,
  page: PageQuestion,
  request: HttpRequest,
) => Promise<AnsweredPage<Item>>;

interface PageOf<Item> {
  readonly value: Item[];
  readonly nextLink?: string;
}

type ListQuestion = QuestionOf<typeof PAGE_PARAMETERS & typeof FORMAT_PARAMETER>;

/** An endpoint that answers one page of what `list` finds. */
export function listEndpoint<Question, Set extends ParameterSet, Item>(
  route: Route<Set, PageOf<Item>, 'scope'> & Takes<NoInfer<Question> & ListQuestion, Set>,
  list: ListVerb<Question, Reading<NoInfer<Item>>>,
): Endpoint {
  return rawEndpoint(
    route,
    async (services, { top, maxpagesize, after, format: asked, ...rest }: Question & ListQuestion, request) => {
      const format = formatOf(asked, request.headers.get('accept'));
      // What is left without the page's own parameters is the question.
      const question = rest as unknown as Question;
      const { items, continuation } = await list(
        services,
        question,
        readPage({ top, maxpagesize, after }, format),
        request,
      );
      const next = continuation === null ? null : nextLink(request, continuation);
      return format === 'csv'
        ? csvAnswer(route, items, next, services.scope, request.params.mailbox)
        : json(route, { body: { value: items, ...(next === null ? {} : { nextLink: next }) } });
    },
  );
}

/** The address of the next page. It repeats the parameters, but never a key. */
function nextLink(request: HttpRequest, continuation: string): string {
  // The parameters as the host read them: it keeps bad escapes as text, and URLSearchParams would replace them.
  const own = [...request.query].filter(([name]) => !isPlatformParameter(name));
  const url = new URL(request.url);
  url.search = new URLSearchParams(own).toString();
  url.searchParams.set('after', writeAfter(continuation));
  return url.href;
}
