// The border of every HTTP function: it checks parameters by the route's description, and turns errors into problem details.
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { Reading } from '../api/answerSchemas.ts';
import type { Parameter, Parameters } from '../api/parameters.ts';
import { JSON_TYPE, type ParameterSet, parametersOf, type Route } from '../api/route.ts';
import { MailscopeError } from '../errors.ts';
import { createLog, errorData, type Log } from '../log.ts';
import { type Scopes, type Services, scopesFor } from '../services.ts';
import { problemResponse } from './problem.ts';
import { checkList, checkLists, pickScope } from './scopeOfRequest.ts';

/**
 * Whether a query parameter is the platform's own: the function key, or the name of the key for the log. The platform
 * reads them in any case.
 */
export function isPlatformParameter(name: string): boolean {
  return ['code', 'clientid'].includes(name.toLowerCase());
}

/**
 * A route, and what answers it. Only `registerRoute` makes a function of it: that supplies `check`, which throws for
 * whoever may not call.
 */
export interface Endpoint {
  readonly route: Route;
  answer(request: HttpRequest, context: InvocationContext, check: () => void): Promise<HttpResponseInit>;
}

/** The answer of a verb. The status is the route's first one unless it says another. */
export interface Reply<Body> {
  readonly body: Body;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

type Verb<Asked, Question, Answer> = (asked: Asked, question: Question, request: HttpRequest) => Promise<Answer>;

/** That a route takes exactly the parameters of a question. */
export type Takes<Question, Set> = [keyof Set, Set] extends [keyof Question, Parameters<Question>]
  ? unknown
  : { readonly parameters: Parameters<Question> & Readonly<Record<Exclude<keyof Set, keyof Question>, never>> };

/** An endpoint that answers one JSON object about one scope: the one that `?scope=` names, or else the first. */
export function endpoint<Question, Set extends ParameterSet, Body>(
  route: Route<Set, Body, 'scope'> & Takes<NoInfer<Question>, Set>,
  verb: Verb<Services, Question, Reply<Reading<NoInfer<Body>>>>,
): Endpoint {
  return rawEndpoint(route, async (services, question: Question, request) =>
    json(route, await verb(services, question, request)),
  );
}

/** The same about all scopes. */
export function endpointOfAll<Question, Set extends ParameterSet, Body>(
  route: Route<Set, Body, 'all'> & Takes<NoInfer<Question>, Set>,
  verb: Verb<Scopes, Question, Reply<Reading<NoInfer<Body>>>>,
): Endpoint {
  return rawEndpointOfAll(route, async (scopes, question: Question, request) =>
    json(route, await verb(scopes, question, request)),
  );
}

/** An endpoint about one scope that makes its answer itself. */
export function rawEndpoint<Question, Set extends ParameterSet, Body>(
  route: Route<Set, Body, 'scope'> & Takes<NoInfer<Question>, Set>,
  verb: Verb<Services, Question, HttpResponseInit>,
): Endpoint {
  return guarded(route, async (request, context) => {
    // What is left without the scope is the question.
    const { scope, ...question } = readQuestion(request, parametersOf(route));
    const services = pickScope(scopesFor(context), scope as string | undefined);
    await checkList(services);
    return verb(services, question as Question, request);
  });
}

/** The same about all scopes. */
export function rawEndpointOfAll<Question, Set extends ParameterSet, Body>(
  route: Route<Set, Body, 'all'> & Takes<NoInfer<Question>, Set>,
  verb: Verb<Scopes, Question, HttpResponseInit>,
): Endpoint {
  return guarded(route, async (request, context) => {
    const question = readQuestion(request, parametersOf(route)) as Question;
    const scopes = scopesFor(context);
    if (route.access !== 'open') await checkLists(scopes);
    return verb(scopes, question, request);
  });
}

type Handler = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;

/** Checks who calls, and answers a problem for whatever is thrown. Every answer names its invocation. */
function guarded(route: Route, handle: Handler): Endpoint {
  return {
    route,
    async answer(request, context, check) {
      const answer = await answerOrProblem(request, context, check);
      const headers = { ...answer.headers, 'x-ms-request-id': context.invocationId };
      return { ...answer, headers, ...(request.method === 'HEAD' ? { body: null } : {}) };
    },
  };

  async function answerOrProblem(
    request: HttpRequest,
    context: InvocationContext,
    check: () => void,
  ): Promise<HttpResponseInit> {
    try {
      check();
      return await handle(request, context);
    } catch (error) {
      const problem = toProblem(error, context, logOf(route, request, context));
      return problemResponse(problem, request.url, route.statuses?.[problem.code]);
    }
  }
}

/** An answer that is not to be stored. */
export function answerOf(
  body: string,
  contentType: string,
  { status, headers }: Omit<Reply<unknown>, 'body'> & { readonly status: number },
): HttpResponseInit {
  return { status, headers: { 'content-type': contentType, 'cache-control': 'no-store', ...headers }, body };
}

/** A JSON answer. */
export function json(route: Route, { body, status, headers = {} }: Reply<unknown>): HttpResponseInit {
  const [usual = '200'] = Object.keys(route.answers);
  return answerOf(JSON.stringify(body), JSON_TYPE, { status: status ?? Number(usual), headers });
}

/** It refuses a parameter that the route does not take: a misspelt filter must not return an unfiltered list. */
function readQuestion({ query }: HttpRequest, parameters: ParameterSet): Record<string, unknown> {
  const names = Object.keys(parameters);
  const unknown = [...query.keys()].find((name) => !names.includes(name) && !isPlatformParameter(name));
  if (unknown !== undefined) {
    const known = names.length > 0 ? `It takes ${names.join(', ')}.` : 'It takes none.';
    throw new MailscopeError('parameter-invalid', `This route has no query parameter "${unknown}". ${known}`);
  }
  const readers = Object.entries<Parameter<unknown>>(parameters);
  return Object.fromEntries(readers.map(([name, { read }]) => [name, read(query.get(name) ?? undefined, name)]));
}

/** The log of the scope that is asked, where the route asks one. */
function logOf(route: Route, { query }: HttpRequest, context: InvocationContext): Log {
  if (route.of === 'all') return createLog(context);
  const scopes = scopesFor(context);
  return (scopes.find(query.get('scope') ?? scopes.all[0].scope) ?? scopes.all[0]).log;
}

function toProblem(error: unknown, { invocationId }: InvocationContext, log: Log): MailscopeError {
  if (error instanceof MailscopeError) {
    const { code, facts } = error;
    if (facts.cause) log('warn', 'invocation.refused', { code, cause: errorData(facts.cause) });
    return error;
  }
  log('error', 'invocation.failed', { invocationId, error: errorData(error) });
  const text = `Mailscope failed unexpectedly. Search the log for the invocation id ${invocationId}.`;
  return new MailscopeError('internal-error', text, { cause: error });
}
