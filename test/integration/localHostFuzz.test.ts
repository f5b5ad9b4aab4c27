// Odd requests to the built app: none is answered with 500 or ends the app, and no answer holds a key.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { type RawAnswer, rawHttp, rawRequest } from '../support/rawHttp.ts';
import { until } from '../support/until.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_127);
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 8);

let tenant: Switches;
let emulator: Emulator;
let app: App;
let keys: readonly string[];

beforeAll(async () => {
  [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  const env = {
    ...settingsFor(tenant.sandbox.url),
    PROPAGATION_MINUTES: '0',
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
  };
  app = await startApp(env, true);
  const { host } = app;
  if (!host.keys) throw new Error('there are no keys');
  keys = [host.keys.master, host.keys.host, ...Object.values(host.keys.functions)];
  // So that lists have several pages.
  expect((await ask('POST /api/runs')).status).toBe(202);
  await until(async () => {
    const { status, body } = await ask('GET /api/runs');
    expect([status, body]).toEqual([200, expect.stringContaining('"status":"completed"')]);
  });
});

afterAll(async () => {
  await app?.host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

/** A request with the host key in a header. */
function ask(line: string): Promise<RawAnswer> {
  return rawHttp(app.host.url, rawRequest(line, ['Host: x', `x-functions-key: ${app.host.keys?.host}`]));
}

const odd = fc.oneof(
  fc.constantFrom(
    ...[
      '%',
      '%zz',
      '%00',
      '%0a',
      '%0d%0a',
      '%ff',
      '%C0%AF',
      '%ED%A0%80',
      '%F0%9F%98%80',
      '%2F',
      '%2e%2e',
      '%25',
      '%252F',
    ],
    ...[
      '..',
      '.',
      '',
      "'",
      '"',
      '\\',
      '#',
      '?',
      ';',
      '$',
      '*',
      '+',
      '%20',
      '[',
      '{0}',
      '{mailbox}',
      '<b>',
      '|',
      '`',
      '~',
    ],
    ...['__proto__', 'constructor', 'null', 'undefined', 'NaN', '-1', '0', '1e9', '9'.repeat(40), 'a'.repeat(1_100)],
    ...['2026-02-30', '2026-11-23T08:15:00Z', '0001-01-01', '9999-12-31T23:59:59Z', 'true', 'TRUE', '\xff', '\x01'],
  ),
  fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n ]/g, '')),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.base64String({ maxLength: 16 }).map((text) => encodeURIComponent(text)),
);

const known = fc.constantFrom(
  ...['support@contoso.example', 'CCH@contoso.example', 'unlicensed@contoso.example', 'plus%2Btag@contoso.example'],
  ...[
    "o'brien@contoso.example",
    'nobody@contoso.example',
    '20261127T000000Z-1',
    '00000000-0000-0000-0000-000000000000',
  ],
);
const piece = fc.oneof(
  known,
  odd,
  fc.tuple(known, odd).map((two) => two.join('')),
);
const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('health', 'mailboxes', 'runs', 'drift', 'Runs/', 'mailboxes/') },
  { weight: 3, arbitrary: piece.map((one) => `mailboxes/${one}`) },
  { weight: 3, arbitrary: piece.map((one) => `mailboxes/${one}/history`) },
  { weight: 2, arbitrary: piece.map((one) => `mailboxes/${one}/latest-subject`) },
  { weight: 3, arbitrary: piece.map((one) => `runs/${one}`) },
  { weight: 1, arbitrary: fc.array(odd, { maxLength: 4 }).map((all) => all.join('/')) },
);
const parameter = fc
  .tuple(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom('top', 'after', 'from', 'to', 'startsWith', 'verdict', 'open', 'mailbox'),
      },
      { weight: 1, arbitrary: fc.constantFrom('TOP', 'clientId', 'ClientID', 'kind', 'expectation', '__proto__', '') },
      { weight: 1, arbitrary: odd },
    ),
    // Values that fit come often: only then the other parameters matter.
    fc.oneof(odd, piece, fc.constantFrom('1', '2', 'denied', 'breach', 'compliant', '2026-11-27', 'support')),
  )
  .map((two) => two.join('='));

interface Odd {
  readonly method: string;
  readonly target: string;
  /** Where the request has its key. */
  readonly code: string;
  readonly inHeader: boolean;
  readonly key: 'master' | 'host' | 'functions';
  /** A header, and the body that it promises. */
  readonly rest: readonly [header: string, body: string];
}

const oddRequest: fc.Arbitrary<Odd> = fc.record({
  method: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'get') },
    { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'PUT', 'TRACE', 'CONNECT', 'FOO', 'delete', 'G T') },
  ),
  target: fc
    .tuple(
      fc.constantFrom('/api/', '/api/', '/API/', '//api/', 'http://x/api/', ''),
      path,
      fc.array(parameter, { maxLength: 3 }),
    )
    .map(
      ([start, middle, parameters]) => `${start}${middle}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`,
    ),
  code: fc.constantFrom('code', 'Code', 'CODE', 'c%6fde'),
  inHeader: fc.boolean(),
  key: fc.constantFrom('master', 'host', 'host', 'functions'),
  // A request that promises more bytes than it has would wait for them.
  rest: fc.oneof(
    { weight: 6, arbitrary: fc.constant<[string, string]>(['x-a: b', '']) },
    fc.constantFrom<[string, string]>(
      ['x-a: \xff\xfe', ''],
      ['x a: b', ''],
      [': b', ''],
      ['Host: y', ''],
      ['Accept-Encoding: br', ''],
      ['X-Forwarded-Host: evil', ''],
      ['x-ms-client-principal: e30', ''],
      ['x-ms-client-principal: !', ''],
      ['Connection: upgrade', ''],
      ['Expect: 100-continue', ''],
      ['Content-Type: !', ''],
      ['Content-Length: -1', ''],
      ['Content-Length: 5', '{"a":'],
      ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['Transfer-Encoding: chunked', 'no size\r\n'],
    ),
    odd.map((text): [string, string] => [`x-odd: ${text}`, '']),
  ),
});

/** The bytes of a request. Its key is in a header, or in the query under a name that the platform reads. */
function write({ method, target, code, inHeader, key: which, rest: [header, body] }: Odd): string {
  const { functions, master = '', host = '' } = app.host.keys ?? {};
  const key = { master, host, functions: functions?.listMailboxes ?? '' }[which];
  const withKey = inHeader ? target : `${target}${target.includes('?') ? '&' : '?'}${code}=${key}`;
  const headers = ['Host: x', header, ...(inHeader ? [`x-functions-key: ${key}`] : [])];
  return rawRequest(`${method} ${withKey}`, headers, body);
}

function expectNoKey({ headers, body }: RawAnswer): void {
  const [, instance = ''] = /"instance":("[^"]*")/.exec(body) ?? [];
  const [, nextLink = ''] = /"nextLink":("[^"]*")/.exec(body) ?? [];
  for (const text of [instance, nextLink, headers.location ?? '', body]) {
    for (const key of keys) expect(text).not.toContain(key);
  }
}

it('odd requests are answered without a 500 and without a key, and the app lives on', async () => {
  const pids = app.host.pids();
  const seen: Record<number, number> = {};
  const property = fc.asyncProperty(oddRequest, async (request) => {
    const answer = await rawHttp(app.host.url, write(request));
    seen[answer.status] = (seen[answer.status] ?? 0) + 1;
    // 0: the connection ended without an answer.
    expect([0, 500]).not.toContain(answer.status);
    expectNoKey(answer);
  });
  await fc.assert(property, {
    seed: SEED,
    numRuns: 3_000,
    interruptAfterTimeLimit: SECONDS * 1_000,
    markInterruptAsFailure: false,
  });
  expect(app.host.pids()).toEqual(pids);
  expect((await ask('GET /api/mailboxes')).status).toBe(200);
  expect(app.logs.filter((line) => line.includes('invocation.failed') || line.includes(' failed: '))).toEqual([]);
  // The requests reach the functions, and not only the host's own refusals.
  expect(seen).toMatchObject({ 200: expect.any(Number), 400: expect.any(Number), 404: expect.any(Number) });
});

it.each(['code', 'Code', 'CODE', 'c%6fde'])(
  'a page that is asked for with ?%s= links to the next without the key',
  async (code) => {
    const target = `/api/mailboxes?${code}=${app.host.keys?.host}&top=1&clientId=me&CLIENTID=you`;
    const { status, body } = await rawHttp(app.host.url, rawRequest(`GET ${target}`));
    expect(status).toBe(200);
    const { nextLink } = JSON.parse(body) as { nextLink: string };
    expect(nextLink).toMatch(/^http:\/\/127\.0\.0\.1\/api\/mailboxes\?top=1&after=[\w-]+$/);
  },
);

it('a run that is started with a key in the query has no key in its location', async () => {
  const { status, headers } = await until(async () => {
    const answer = await rawHttp(app.host.url, rawRequest(`POST /api/runs?CODE=${app.host.keys?.master}`));
    expect(answer.status).toBe(202);
    return answer;
  });
  expect([status, headers.location]).toEqual([
    202,
    expect.stringMatching(/^http:\/\/127\.0\.0\.1\/api\/runs\/[\w-]+$/),
  ]);
});

it.each([
  ['/api/mailboxes/%zz', '/api/mailboxes/%25zz'],
  ['/api/mailboxes/a%5Cb%ff', '/api/mailboxes/a%5Cb%ff'],
  ['/api/nowhere/%2e%2e/mailboxes/%22', '/api/mailboxes/%22'],
])('the instance of the problem at %s is %s', async (target, instance) => {
  const { status, body } = await rawHttp(app.host.url, rawRequest(`GET ${target}?code=${app.host.keys?.host}`));
  expect([status, JSON.parse(body)]).toEqual([400, expect.objectContaining({ code: 'mailbox-invalid', instance })]);
});
