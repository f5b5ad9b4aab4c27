// The border of every HTTP function: it checks parameters, answers JSON, and turns errors into problem details.
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type ErrorCode, MailscopeError } from '../errors.ts';
import { createLog, errorData } from '../log.ts';
import { visible } from '../rules/characters.ts';
import { type Scopes, type Services, scopesFor } from '../services.ts';
import { type Parameters, type Read, readText } from './parameters.ts';
import { problemResponse } from './problem.ts';

/**
 * Whether a query parameter is the platform's own: the function key, or the name of the key for the log. The platform
 * reads them in any case.
 */
export function isPlatformParameter(name: string): boolean {
  return ['code', 'clientid'].includes(name.toLowerCase());
}

/**
 * Answers a request, or a problem. Only `registerRoute` makes a function of it: that supplies `check`, which throws for
 * whoever may not call.
 */
export type Endpoint = (
  request: HttpRequest,
  context: InvocationContext,
  check: () => void,
) => Promise<HttpResponseInit>;

/** What answers a question, asked of one scope or of all. */
export type Answer<Asked, Question> = (
  asked: Asked,
  question: Question,
  request: HttpRequest,
) => Promise<HttpResponseInit>;

/** Codes for which one route has another status than the others. */
type Statuses = Partial<Readonly<Record<ErrorCode, number>>>;

/** An endpoint about one scope: the one that `?scope=` names, or else the first. */
export function endpoint<Question>(
  parameters: Parameters<NoInfer<Question>>,
  answer: Answer<Services, Question>,
  statuses: Statuses = {},
): Endpoint {
  // Together they read every field of both.
  const all = { ...parameters, scope: readText } as Parameters<Question & ScopeQuestion>;
  return endpointOfAll(
    all,
    // What is left without the scope is the question.
    (scopes, { scope, ...question }: Question & ScopeQuestion, request) =>
      answer(pickScope(scopes, scope), question as Question, request),
    statuses,
  );
}

/**
 * An endpoint about all scopes, that returns the result of `answer`, or a problem if it throws. It refuses a query
 * parameter that is not in `parameters`: a misspelt filter must not return an unfiltered list.
 */
export function endpointOfAll<Question>(
  parameters: Parameters<NoInfer<Question>>,
  answer: Answer<Scopes, Question>,
  statuses: Statuses = {},
): Endpoint {
  return async (request, context, check) => {
    try {
      check();
      return await answer(scopesFor(context), readQuestion<Question>(request, parameters), request);
    } catch (error) {
      const problem = toProblem(error, context);
      return problemResponse(problem, request.url, statuses[problem.code]);
    }
  };
}

interface ScopeQuestion {
  readonly scope?: string | undefined;
}

function pickScope(scopes: Scopes, name: string | undefined): Services {
  // With a bad SCOPES nobody knows which there are. The first scope then says what is wrong.
  if (name === undefined || scopes.faults.some(({ setting }) => setting === 'SCOPES')) return scopes.all[0];
  const found = scopes.find(name);
  if (found) return found;
  const names = scopes.all.map(({ scope }) => scope).join(', ');
  throw new MailscopeError('scope-not-found', `There is no scope "${visible(name.slice(0, 40))}". There are ${names}.`);
}

/** A JSON answer with `no-store`. */
export function json(body: unknown, status = 200): HttpResponseInit {
  return { status, jsonBody: body, headers: { 'cache-control': 'no-store' } };
}

function readQuestion<Question>({ query }: HttpRequest, parameters: Parameters<Question>): Question {
  const names = Object.keys(parameters);
  const unknown = [...query.keys()].find((name) => !names.includes(name) && !isPlatformParameter(name));
  if (unknown !== undefined) {
    const known = names.length > 0 ? `It takes ${names.join(', ')}.` : 'It takes none.';
    throw new MailscopeError('parameter-invalid', `This route has no query parameter "${unknown}". ${known}`);
  }
  const readers = Object.entries<Read<unknown>>(parameters);
  const values = readers.map(([name, read]) => [name, read(query.get(name) ?? undefined, name)]);
  // Each field of a question has its reader among the parameters.
  return Object.fromEntries(values) as Question;
}

function toProblem(error: unknown, context: InvocationContext): MailscopeError {
  if (error instanceof MailscopeError) {
    const { code, facts } = error;
    if (facts.cause) createLog(context)('warn', 'invocation.refused', { code, cause: errorData(facts.cause) });
    return error;
  }
  createLog(context)('error', 'invocation.failed', { invocationId: context.invocationId, error: errorData(error) });
  const text = `Mailscope failed unexpectedly. Search the log for the invocation id ${context.invocationId}.`;
  return new MailscopeError('internal-error', text, { cause: error });
}
