// The OpenAPI document, made from the descriptions of the routes.
import * as z from 'zod';
import { problem } from './answerSchemas.ts';
import { EVERY_ROUTE } from './everyRoute.ts';
import type { Parameter } from './parameters.ts';
import { PROBLEMS } from './problemCodes.ts';
import { codesOf, JSON_TYPE, parametersOf, ROLES, type Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  mailbox: 'A user principal name or a directory object id.',
  id: 'The id of a run.',
};

const DESCRIPTION = [
  'Ask for what Mailscope has seen. Clients ignore unknown fields, and expect new values of every enumeration that is marked so.',
  'Times are ISO 8601 in UTC. Every route behind a key takes a function key, or a token if the deployment uses sign-in.',
].join(' ');

/** @param version of the package */
export function openApiDocument(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Mailscope',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api' }],
    paths: pathsOf(EVERY_ROUTE),
    components: {
      schemas: componentSchemas(),
      responses: { Problem: PROBLEM_RESPONSE, ProblemWithoutBody: withoutBody(PROBLEM_RESPONSE) },
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'x-functions-key', description: 'A key of the function app.' },
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: `A token of Microsoft Entra for the app, if the deployment uses sign-in. Its account needs the app role ${ROLES.read}, or ${ROLES.run} to start a run.`,
        },
      },
    },
  };
}

function pathsOf(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = `/${route.route}`;
    const own = { [route.method.toLowerCase()]: operationOf(route), ...(route.head ? { head: headOf(route) } : {}) };
    paths[path] = { ...paths[path], ...own };
  }
  return paths;
}

function operationOf(route: Route): Json {
  const { name, summary, description, access } = route;
  return {
    operationId: name,
    summary,
    ...(description === undefined ? {} : { description }),
    security: access === 'open' ? [] : [{ key: [] }, { entra: [] }],
    parameters: [...pathParametersOf(route), ...queryParametersOf(route)],
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

/** HEAD answers what GET does, without a body. */
function headOf(route: Route): Json {
  const { operationId, summary, responses, ...get } = operationOf(route);
  const bare = Object.entries(responses as Readonly<Record<string, Json>>).map(([status, response]) => [
    status,
    response.$ref === PROBLEM ? { ...response, $ref: `${PROBLEM}WithoutBody` } : withoutBody(response),
  ]);
  return {
    operationId: `${operationId}Head`,
    summary: `${summary}: only status and headers`,
    ...get,
    responses: Object.fromEntries(bare),
  };
}

function withoutBody({ content: _, ...response }: Json): Json {
  return response;
}

function pathParametersOf({ route }: Route): Json[] {
  return [...route.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PATH_PARAMETERS[name],
    schema: { type: 'string' },
  }));
}

function queryParametersOf(route: Route): Json[] {
  return Object.entries<Parameter<unknown>>(parametersOf(route)).map(([name, { description, schema }]) => ({
    name,
    in: 'query',
    description,
    schema: schemaOf(schema),
  }));
}

function answersOf({ answers, body, mediaTypes, headers = {} }: Route): Json {
  const [main, ...others] = mediaTypes;
  // Other types than JSON are text.
  const content = {
    [main]: { schema: main === JSON_TYPE ? schemaOf(body) : { type: 'string' } },
    ...Object.fromEntries(others.map((type) => [type, { schema: { type: 'string' } }])),
  };
  const own = Object.entries(headers).map(([name, description]) => [name, header(description)]);
  const shown = { 'x-ms-request-id': REQUEST_ID, ...Object.fromEntries(own) };
  const entries = Object.entries(answers).map(([status, description]) => [
    status,
    { description, headers: shown, ...(status === '304' ? {} : { content }) },
  ]);
  return Object.fromEntries(entries);
}

const header = (description: string): Json => ({ description, schema: { type: 'string' } });
const REQUEST_ID = header('The id of the invocation, as the log has it.');

const PROBLEM = '#/components/responses/Problem';
const PROBLEM_RESPONSE = {
  description: 'A problem.',
  headers: {
    'x-ms-request-id': REQUEST_ID,
    'x-ms-error-code': header('The code of the problem.'),
    'Retry-After': header('With `throttled` and `graph-unavailable`: the seconds to wait.'),
  },
  content: { 'application/problem+json': { schema: schemaOf(problem) } },
};

/** The statuses of the problems that a route can answer, each with its codes. */
function problemsOf(route: Route): Json {
  const byStatus = Object.groupBy(codesOf(route), (code) => route.statuses?.[code] ?? PROBLEMS[code].status);
  const entries = Object.entries(byStatus).map(([status, codes = []]) => {
    const named = `${codes.map((code) => `\`${code}\``).join(', ')}.`;
    const description =
      status === '401' ? `${named} With keys, the platform answers, without a body and without these headers.` : named;
    return [status, { $ref: PROBLEM, description }];
  });
  return Object.fromEntries(entries);
}

/** A reference to a schema with a name, or the schema itself. */
function schemaOf(schema: z.ZodType): Json {
  const id = schema.meta()?.id;
  if (id !== undefined) return { $ref: refTo(id) };
  const { $schema: _, ...plain } = z.toJSONSchema(schema, OPTIONS);
  return nullableTypes(plain) as Json;
}

/** Every schema with a name. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { ...OPTIONS, uri: refTo });
  const entries = Object.entries(schemas).map(
    ([id, { $id: _, $schema: __, ...plain }]) => [id, nullableTypes(plain)] as const,
  );
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `type: [string, null]` in the place of a choice of two: generators make a type of its own of a choice. */
function nullableTypes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(nullableTypes);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { anyOf, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, nullableTypes(value)]),
  );
  if (!Array.isArray(anyOf)) return anyOf === undefined ? rest : { ...rest, anyOf };
  const [first, second, ...others] = anyOf as { readonly type?: unknown }[];
  const isPlain = typeof first?.type === 'string' && second?.type === 'null' && others.length === 0;
  return isPlain ? { ...first, ...rest, type: [first.type, 'null'] } : { ...rest, anyOf };
}

function refTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** What a client reads may have more fields than it knows, as what anybody may send. */
const OPTIONS = { io: 'input', target: 'draft-2020-12', override: withoutLimits } as const;

/** The limits of a JavaScript number say nothing about the API. */
function withoutLimits({ jsonSchema }: { readonly jsonSchema: { minimum?: number; maximum?: number } }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
