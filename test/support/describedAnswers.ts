// Compares each answer of the app with the OpenAPI document: its status, its type, and every field of its body.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { compileRoute, findRoute } from '../../localHost/routes.ts';
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { openApiDocument } from '../../src/api/openApi.ts';
import { codesOf, type Route } from '../../src/api/route.ts';

type Json = Readonly<Record<string, unknown>>;

interface Described {
  readonly responses: Readonly<Record<string, Json>>;
}

export interface SeenAnswer {
  readonly method: string;
  /** Below `/api`, decoded. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const ID = 'https://mailscope.example/openapi.json';
const document = openApiDocument('0.0.0') as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Json; readonly responses: Readonly<Record<string, Json>> };
};
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
// Its types are those of a CommonJS module, whose default export Node already unwraps.
(addFormats as unknown as (target: Ajv2020) => void)(ajv);
ajv.addVocabulary(['components', 'x-ms-enum']);
ajv.addSchema({ $id: ID, components: { schemas: strict(document.components.schemas) } });
const validators = new Map<string, ValidateFunction>();
const routes = EVERY_ROUTE.map((route) => compileRoute(`api/${route.route}`, methodsOf(route), route));

function methodsOf({ method, head }: Route): string[] {
  return head ? [method, 'HEAD'] : [method];
}

/** Unknown fields are refused, although a client must not refuse them. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strict(value)]));
  const isObject = 'properties' in inner && inner.type === 'object' && !('additionalProperties' in inner);
  return isObject ? { ...inner, additionalProperties: false } : inner;
}

/**
 * Whether an answer is to be as described. The platform's own answers have neither type nor body. Other apps have other
 * routes, and no header of ours; an answer of the app that has lost the header is still one of the app.
 */
export function isOfTheApp({ method, path, status, headers, text }: SeenAnswer): boolean {
  if (headers.has('x-ms-request-id')) return true;
  const isOfThePlatform = status !== 304 && text === '' && !headers.has('content-type');
  return !isOfThePlatform && findRoute(routes, method, path) !== null;
}

/** What is wrong with an answer; empty when it is as described. */
export function faultsOf({ method, path, status, headers, text }: SeenAnswer): string[] {
  const found = findRoute(routes, method, path);
  if (!found) return [`${method} ${path} is not described`];
  const route = found.target;
  const response = responseOf(route, method, status);
  if (!response) return [`${route.name} does not describe the status ${status}`];
  const faults = headersMissing(response, headers);
  if (method === 'HEAD' || status === 304) return text === '' ? faults : [...faults, 'it has a body'];
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
  const content = (response.content as Readonly<Record<string, Json>> | undefined)?.[type];
  if (!content) return [...faults, `${route.name} does not describe the type "${type}" with ${status}`];
  if (!type.endsWith('json')) return faults;
  const body: unknown = JSON.parse(text);
  return [...faults, ...shapeFaults(content.schema as Json, body), ...codeFaults(route, type, status, headers, body)];
}

function responseOf({ route }: Route, method: string, status: number): Json | undefined {
  const response = document.paths[`/${route}`]?.[method.toLowerCase()]?.responses[String(status)];
  const name = typeof response?.$ref === 'string' ? response.$ref.split('/').at(-1) : undefined;
  return name === undefined ? response : document.components.responses[name];
}

/** The two headers that every answer or every problem has. The others depend on the case. */
function headersMissing({ headers: described = {} }: Json, headers: Headers): string[] {
  const always = ['x-ms-request-id', 'x-ms-error-code'].filter((name) => name in (described as object));
  return always.filter((name) => !headers.has(name)).map((name) => `the header ${name} is missing`);
}

function shapeFaults(schema: Json, body: unknown): string[] {
  const key = JSON.stringify(schema);
  const validate = validators.get(key) ?? ajv.compile(absolute(schema));
  validators.set(key, validate);
  return validate(body) ? [] : [ajv.errorsText(validate.errors, { dataVar: 'the body' })];
}

function absolute(schema: Json): Json {
  return typeof schema.$ref === 'string' ? { $ref: `${ID}${schema.$ref}` } : schema;
}

function codeFaults(route: Route, type: string, status: number, headers: Headers, body: unknown): string[] {
  if (!type.includes('problem')) return [];
  const { code, status: own } = body as { readonly code: string; readonly status: number };
  return [
    ...(codesOf(route).some((one) => one === code) ? [] : [`${route.name} does not describe the code ${code}`]),
    ...(own === status ? [] : [`its body says status ${own}, but it is ${status}`]),
    ...(headers.get('x-ms-error-code') === code ? [] : ['the header x-ms-error-code has another code']),
  ];
}
