// The API as its own description says: a client made from the document, headers, HEAD, the document itself.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { openApiDocument } from '../../src/api/openApi.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { type Client, typedClient } from '../support/typedClient.ts';
import { until } from '../support/until.ts';

let tenant: Switches;
let emulator: Emulator;
let app: App;
let client: Client;
let started: Response;
let runId: string;

const ALLOWED = 'support@contoso.example';
const DENIED = 'cch@contoso.example';

beforeAll(async () => {
  [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  app = await startApp({
    ...settingsFor(tenant.sandbox.url),
    ALLOWED_MAILBOXES: ALLOWED,
    DENIED_MAILBOXES: `${DENIED} hr@contoso.example`,
    PROPAGATION_MINUTES: '0',
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
  });
  client = typedClient(`${app.host.url}/api`);
  await tenant.put('policy', { mechanism: 'none' });
  started = await fetch(`${app.host.url}/api/runs?scope=default`, { method: 'POST' });
  runId = ((await started.json()) as { readonly id: string }).id;
  await until(async () => expect(await client.get('/runs/{id}', { id: runId })).toMatchObject({ status: 'completed' }));
});

afterAll(async () => {
  await app.host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

function ask(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${app.host.url}/api/${path}`, init);
}

describe('a client that is made from the document', () => {
  it('reads every route', async () => {
    const { value: mailboxes } = await client.get('/mailboxes', {}, { expectation: 'denied', top: 1 });
    expect(mailboxes).toMatchObject([{ mailbox: DENIED, verdict: 'breach' }]);
    const one = await client.get('/mailboxes/{mailbox}', { mailbox: DENIED });
    expect(one.openDrift?.evidence.opened).toMatchObject({ outcome: 'readable', status: 200 });
    const history = await client.get('/mailboxes/{mailbox}/history', { mailbox: DENIED }, { from: '2026-01-01' });
    expect(history.value).toMatchObject([{ runId, outcome: 'readable' }]);
    const drift = await client.get('/drift', {}, { open: true, kind: 'breach', since: '2026-01-01' });
    expect(drift.value.map(({ mailbox }) => mailbox)).toEqual([DENIED, 'hr@contoso.example']);
    const runs = await client.get('/runs', {}, { maxpagesize: 1 });
    expect(runs.value).toMatchObject([{ id: runId, verdicts: { breach: 2 } }]);
    const subject = await client.get('/mailboxes/{mailbox}/latest-subject', { mailbox: ALLOWED });
    expect(subject).toMatchObject({ mailbox: ALLOWED, subject: expect.any(String) });
    const scopes = await client.get('/scopes', {});
    expect(scopes.value).toMatchObject([{ name: 'default', openDrift: { breach: 2 } }]);
    await until(async () => expect(await client.get('/health', {})).toMatchObject({ status: 'healthy' }));
    expect(await client.get('/openapi.json', {})).toMatchObject({ openapi: '3.1.0' });
  });
});

describe('POST runs', () => {
  it('says where the run is, and when to look', () => {
    const { headers } = started;
    const location = `${app.host.url}/api/runs/${runId}?scope=default`;
    expect(started.status).toBe(202);
    expect(headers.get('location')).toBe(location);
    expect(headers.get('operation-location')).toBe(location);
    expect(headers.get('retry-after')).toBe('2');
  });
});

describe('an answer', () => {
  it('names its invocation, and the code of a problem', async () => {
    const [fine, wrong] = await Promise.all([ask('runs'), ask('runs?top=0')]);
    expect(fine.headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(fine.headers.get('x-ms-error-code')).toBeNull();
    expect(wrong.headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(wrong.headers.get('x-ms-error-code')).toBe('parameter-invalid');
  });

  it('links to the next page without a key, in whatever case it was sent', async () => {
    const { body } = await app.get('drift?Code=one&CLIENTID=two&top=1&scope=default');
    expect(body.nextLink).toMatch(/\/api\/drift\?top=1&scope=default&after=\w+$/);
  });
});

const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];

describe('HEAD', () => {
  const reading = EVERY_ROUTE.filter(({ method }) => method === 'GET');

  it.each(reading.map(({ name, route, head }) => [name, route, head] as const))('of %s', async (_, route, head) => {
    const path = route.replace('{mailbox}', DENIED).replace('{id}', runId);
    const [get, headAnswer] = [await ask(path), await ask(path, { method: 'HEAD' })];
    // The platform answers 404 to a method that no function takes.
    expect(headAnswer.status).toBe(head ? get.status : 404);
    expect(await headAnswer.text()).toBe('');
    if (!head) return;
    const changing = [...OF_THE_CONNECTION, 'date', 'x-ms-request-id'];
    const lasting = ({ headers }: Response) => [...headers].filter(([name]) => !changing.includes(name));
    expect(lasting(headAnswer)).toEqual(lasting(get));
  });

  it('answers a problem with its status and code', async () => {
    const answer = await ask('runs/20260101T000000Z-9', { method: 'HEAD' });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-ms-error-code')).toBe('not-found');
    expect(await answer.text()).toBe('');
  });
});

describe('the size of a page', () => {
  it.each([
    ['maxpagesize=1', 1],
    ['top=1&maxpagesize=1', 1],
    ['maxpagesize=2', 2],
  ])('is %s', async (query, length) => {
    expect((await app.get(`drift?${query}`)).body.value).toHaveLength(length);
  });

  it.each([
    ['top=1&maxpagesize=2', 'The query parameters top and maxpagesize are 1 and 2. Use one of them.'],
    ['maxpagesize=0', 'The query parameter maxpagesize is "0". Use a whole number from 1 to 1000.'],
    ['maxpagesize=', 'The query parameter maxpagesize is "". Use a whole number from 1 to 1000.'],
    ['maxpagesize=1&maxpagesize=1', 'The query parameter maxpagesize is "1,1". Use a whole number from 1 to 1000.'],
  ])('is refused: %s', async (query, detail) => {
    expect(await app.get(`drift?${query}`)).toMatchObject({ status: 400, body: { code: 'parameter-invalid', detail } });
  });
});

describe('a list of mailboxes with faults', () => {
  it('is 503 on every route behind a key, and named by health', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
    const file = join(folder, 'list.csv');
    await writeFile(file, 'mailbox,expectation\nsupport@contoso.example,perhaps\n');
    const settings = { ...settingsFor(tenant.sandbox.url), MAILBOXES_FILE: file };
    const other = await startApp({ ...settings, AzureWebJobsStorage: emulator.nextAccount() });
    try {
      for (const { route, method, access } of EVERY_ROUTE.filter(({ access }) => access !== 'open')) {
        const path = route.replace('{mailbox}', DENIED).replace('{id}', runId);
        const answer = await fetch(`${other.host.url}/api/${path}`, { method });
        expect([route, access, answer.status]).toEqual([route, access, 503]);
        expect(await answer.json()).toMatchObject({ code: 'configuration-invalid', faults: [expect.any(String)] });
      }
      const problems = [{ code: 'configuration-invalid', setting: 'MAILBOXES_FILE' }];
      expect(await other.get('health')).toMatchObject({
        status: 503,
        body: { problems: expect.arrayContaining([expect.objectContaining(problems[0])]) },
      });
    } finally {
      await Promise.all([other.host.close(), rm(folder, { recursive: true })]);
    }
  });
});

describe('CSV', () => {
  const csv = async (path: string, accept?: string) => {
    const answer = await ask(path, accept === undefined ? {} : { headers: { accept } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { answer, bytes, rows: parse(bytes, { bom: true, columns: true }) as Record<string, string>[] };
  };

  it.each([
    ['mailboxes?format=csv', 'mailscope-mailboxes.csv', 3],
    ['drift?format=csv', 'mailscope-drift.csv', 2],
    ['runs?format=csv', 'mailscope-runs.csv', 1],
    [`mailboxes/${DENIED}/history?format=csv`, 'mailscope-history-cch@contoso.example.csv', 1],
  ])('of %s is a file with a line for each', async (path, name, count) => {
    const { answer, bytes, rows } = await csv(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
    expect(answer.headers.get('link')).toBeNull();
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(rows).toHaveLength(count);
  });

  it('holds what the JSON does', async () => {
    const { rows } = await csv('drift', 'text/csv');
    const { value } = await client.get('/drift', {});
    expect(
      rows.map(({ mailbox, openedAt, openedRequestId, closedRequestId, probableCause }) => ({
        mailbox,
        openedAt,
        openedRequestId,
        closedRequestId,
        probableCause,
      })),
    ).toEqual(
      value.map(({ mailbox, openedAt, evidence, probableCause }) => ({
        mailbox,
        openedAt,
        openedRequestId: evidence.opened.requestId,
        closedRequestId: '',
        probableCause: probableCause ?? '',
      })),
    );
  });

  it('links to its next page, until there is none', async () => {
    const names: (string | undefined)[] = [];
    for (let next: string | undefined = 'mailboxes?format=csv&top=1&CODE=secret'; next !== undefined; ) {
      const { answer, rows } = await csv(next);
      names.push(...rows.map(({ mailbox }) => mailbox));
      const [, link] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
      expect(link ?? '').not.toContain('secret');
      next = link?.slice(`${app.host.url}/api/`.length);
    }
    expect(names).toEqual([DENIED, 'hr@contoso.example', ALLOWED]);
  });

  it('has pages of up to 10,000 rows', async () => {
    expect((await csv('drift?format=csv&top=10000')).rows).toHaveLength(2);
    expect((await app.get('drift?format=csv&top=10001')).body).toMatchObject({
      code: 'parameter-invalid',
      detail: 'The query parameter top is "10001". Use a whole number from 1 to 10000.',
    });
    expect(await app.get('drift?format=json&top=1001')).toMatchObject({ status: 400 });
  });

  it('is refused with the types that there are, on routes that have several', async () => {
    const refused = await ask('runs', { headers: { accept: 'text/html' } });
    expect(refused.status).toBe(406);
    expect(await refused.json()).toMatchObject({
      code: 'not-acceptable',
      detail: 'This route answers application/json and text/csv. The header Accept takes neither.',
    });
    for (const path of [`runs/${runId}`, 'scopes', 'metrics', 'openapi.json', `mailboxes/${DENIED}`]) {
      const { status } = await ask(path, { headers: { accept: 'text/html' } });
      expect(`${path} ${status}`).toBe(`${path} 200`);
    }
  });

  it.each([
    ['format=xml', 'The query parameter format is "xml". Use one of json, csv.'],
    ['format=CSV', 'The query parameter format is "CSV". Use one of json, csv.'],
    ['format=', 'The query parameter format is "". Use one of json, csv.'],
    ['format=csv&format=csv', 'The query parameter format is "csv,csv". Use one of json, csv.'],
  ])('is asked for in one way: %s', async (query, detail) => {
    expect(await app.get(`drift?${query}`)).toMatchObject({ status: 400, body: { detail } });
  });
});

describe('drift since a time', () => {
  it('is what opened or closed then or later', async () => {
    const { value } = await client.get('/drift', {});
    const [first] = value;
    const opened = first?.openedAt ?? '';
    const later = new Date(Date.parse(opened) + 1).toISOString();
    expect((await client.get('/drift', {}, { since: opened })).value).toHaveLength(2);
    expect((await client.get('/drift', {}, { since: later })).value).toEqual([]);
    await tenant.put('policy', { mechanism: 'application-access-policy', members: [ALLOWED] });
    const { id } = (await (
      await until(async () => {
        const answer = await ask('runs', { method: 'POST' });
        expect(answer.status).toBe(202);
        return answer;
      })
    ).json()) as { readonly id: string };
    await until(async () => expect(await client.get('/runs/{id}', { id })).toMatchObject({ status: 'completed' }));
    const closed = (await client.get('/drift', {}, { since: later })).value;
    expect(closed.map(({ closedBecause }) => closedBecause)).toEqual(['refused', 'refused']);
    expect((await client.get('/drift', {}, { since: later, open: true })).value).toEqual([]);
  });
});

describe('GET openapi.json', () => {
  it('answers the document of the package, the same to everybody', async () => {
    const { body, headers } = await app.get('openapi.json');
    expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument(manifest.version))));
    expect(JSON.stringify(body)).not.toContain('contoso');
    expect(headers.get('etag')).toMatch(/^"[\w-]{22}"$/);
  });

  it.each([
    ['the tag', (tag: string) => tag],
    ['a weak tag among others', (tag: string) => `"other", W/${tag}`],
    ['any', () => '*'],
  ])('answers 304 to whoever has it: %s', async (_, header) => {
    const { headers } = await app.get('openapi.json');
    const answer = await ask('openapi.json', { headers: { 'if-none-match': header(headers.get('etag') ?? '') } });
    expect(answer.status).toBe(304);
    expect(await answer.text()).toBe('');
    expect(answer.headers.get('etag')).toBe(headers.get('etag'));
  });

  it('answers it to whoever has another', async () => {
    expect((await ask('openapi.json', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});
