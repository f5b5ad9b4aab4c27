// The OpenAPI document: valid, complete, and the types that are made from it are up to date.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { validate as validateByReadme } from '@readme/openapi-parser';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { apiPage } from '../../scripts/shared/apiPage.ts';
import { openApiTypes } from '../../scripts/shared/openApiTypes.ts';
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { openApiDocument } from '../../src/api/openApi.ts';
import { PROBLEM_CODES, PROBLEMS } from '../../src/api/problemCodes.ts';
import { codesOf, parametersOf } from '../../src/api/route.ts';
import { DRIFT_KINDS, VERDICTS } from '../../src/rules/judge.ts';

const root = resolve(import.meta.dirname, '../..');
const document = () => structuredClone(openApiDocument('1.2.3')) as unknown as Document;

interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}

interface Operation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, unknown>>;
}

describe('the document', () => {
  it('is valid by one validator', async () => {
    expect(await new Validator().validate({ ...document() })).toEqual({ valid: true });
  });

  it('is valid by another', async () => {
    // Its own type of a document has an index signature, which an interface has not.
    const answer = await validateByReadme(document() as never);
    expect(answer).toMatchObject({ valid: true, warnings: [] });
  });

  it('has the version of the package, and no `$id`', () => {
    expect(document()).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    expect(JSON.stringify(document())).not.toContain('"$id"');
  });

  it('describes every function that answers HTTP, and no other', () => {
    const files = readdirSync(join(root, 'src/functions'));
    const registering = files.filter((file) =>
      readFileSync(join(root, 'src/functions', file), 'utf8').includes('registerRoute('),
    );
    const described = EVERY_ROUTE.map(({ name }) => `${name}.ts`);
    expect(described.toSorted()).toEqual(registering.toSorted());
    const operations = Object.values(document().paths).flatMap((path) => Object.values(path));
    const names = operations.map(({ operationId }) => operationId.replace(/Head$/, ''));
    expect([...new Set(names)].toSorted()).toEqual(EVERY_ROUTE.map(({ name }) => name).toSorted());
  });

  it('marks verdicts, kinds and codes as enumerations that may grow', () => {
    const { Verdict, DriftKind, ProblemCode } = document().components.schemas;
    const isOpen = (name: string) => ({ 'x-ms-enum': { name, modelAsString: true } });
    expect(Verdict).toMatchObject({ enum: [...VERDICTS], ...isOpen('Verdict') });
    expect(DriftKind).toMatchObject({ enum: [...DRIFT_KINDS], ...isOpen('DriftKind') });
    expect(ProblemCode).toMatchObject({ enum: PROBLEM_CODES, ...isOpen('ProblemCode') });
  });

  it('asks for a key or a sign-in, except where anybody may call', () => {
    const open = Object.entries(document().paths).filter(([, { get }]) => get?.security.length === 0);
    expect(open.map(([path]) => path)).toEqual(['/health', '/openapi.json']);
  });

  it.each(EVERY_ROUTE.map((route) => [route.name, route] as const))('of %s has a status for each code', (_, route) => {
    const { responses } = document().paths[`/${route.route}`]?.[route.method.toLowerCase()] ?? { responses: {} };
    const codes = codesOf(route);
    expect(new Set(codes).size).toBe(codes.length);
    const ofProblems = codes.map((code) => String(route.statuses?.[code] ?? PROBLEMS[code].status));
    // No status is both an answer and a problem, because a client tells them apart by it.
    expect(ofProblems.filter((status) => status in route.answers)).toEqual([]);
    expect(Object.keys(responses).toSorted()).toEqual(
      [...new Set([...ofProblems, ...Object.keys(route.answers)])].toSorted(),
    );
  });

  it('says how long to wait with a problem, and not with a subject', () => {
    const { components, paths } = structuredClone(openApiDocument('1')) as unknown as {
      readonly components: { readonly responses: Readonly<Record<string, { readonly headers: object }>> };
      readonly paths: Readonly<
        Record<
          string,
          { readonly get: { readonly responses: Readonly<Record<string, { readonly headers?: object }>> } }
        >
      >;
    };
    expect(components.responses.Problem?.headers).toHaveProperty('Retry-After');
    const { responses } = paths['/mailboxes/{mailbox}/latest-subject']?.get ?? { responses: {} };
    expect(Object.keys(responses['200']?.headers ?? {})).toEqual(['x-ms-request-id']);
  });

  it('promises no body to HEAD, also not of a problem', () => {
    const heads = Object.values(document().paths).flatMap(({ head }) => (head ? [head.responses] : []));
    expect(heads.length).toBeGreaterThan(5);
    expect(JSON.stringify(heads)).not.toContain('content');
    const refs = heads.flatMap((responses) => Object.values(responses as Record<string, { readonly $ref?: string }>));
    expect(new Set(refs.map(({ $ref }) => $ref).filter(Boolean))).toEqual(
      new Set(['#/components/responses/ProblemWithoutBody']),
    );
    const { responses } = openApiDocument('1').components as { readonly responses: Readonly<Record<string, object>> };
    expect(responses.ProblemWithoutBody).not.toHaveProperty('content');
    expect(responses.ProblemWithoutBody).toHaveProperty(['headers', 'x-ms-error-code']);
  });

  it.each(EVERY_ROUTE.map((route) => [route.name, route] as const))(
    'of %s knows scope-not-found if it takes scope',
    (_, route) => {
      expect(codesOf(route).includes('scope-not-found')).toBe('scope' in parametersOf(route));
    },
  );

  it('names every code that a caller can get', () => {
    const named = new Set(EVERY_ROUTE.flatMap(codesOf));
    // Only runs and health speak of this one.
    expect(PROBLEM_CODES.filter((code) => !named.has(code))).toEqual(['alert-undelivered']);
  });
});

describe('the types of a client', () => {
  it('in web/api.d.ts are those of the document: `npm run api` makes them anew', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
    expect(readFileSync(join(root, 'web/api.d.ts'), 'utf8')).toBe(openApiTypes(openApiDocument(version)));
  });
});

describe('the page about the API', () => {
  it('is made from the description and the examples: `npm run api` makes it anew', () => {
    const page = readFileSync(join(root, 'docs/api.md'), 'utf8');
    const examples = JSON.parse(readFileSync(join(root, 'test/fixtures/apiExamples.json'), 'utf8'));
    expect(page).toBe(apiPage(page, examples));
  });
});
