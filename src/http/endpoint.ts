// The border of every HTTP function: it checks parameters, answers JSON, and turns errors into problem details.
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type ErrorCode, MailscopeError } from '../errors.ts';
import { createLog, errorData } from '../log.ts';
import type { Parameters, Read } from './parameters.ts';
import { problemResponse } from './problem.ts';

/**
 * Whether a query parameter is the platform's own: the function key, or the name of the key for the log. The platform
 * reads them in any case.
 */
export function isPlatformParameter(name: string): boolean {
  return ['code', 'clientid'].includes(name.toLowerCase());
}

type Answer<Question> = (
  request: HttpRequest,
  context: InvocationContext,
  question: Question,
) => Promise<HttpResponseInit>;

/**
 * Answers a request, or a problem. Only `registerRoute` makes a function of it: that supplies `check`, which throws for
 * whoever may not call.
 */
export type Endpoint = (
  request: HttpRequest,
  context: InvocationContext,
  check: () => void,
) => Promise<HttpResponseInit>;

/** Codes for which one route has another status than the others. */
type Statuses = Partial<Readonly<Record<ErrorCode, number>>>;

/**
 * An endpoint that returns the result of `answer`, or a problem if it throws. It refuses a query parameter that is not in
 * `parameters`: a misspelt filter must not return an unfiltered list.
 */
export function endpoint<Question>(
  parameters: Parameters<NoInfer<Question>>,
  answer: Answer<Question>,
  statuses: Statuses = {},
): Endpoint {
  return async (request, context, check) => {
    try {
      check();
      return await answer(request, context, readQuestion<Question>(request, parameters));
    } catch (error) {
      const problem = toProblem(error, context);
      return problemResponse(problem, request.url, statuses[problem.code]);
    }
  };
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
