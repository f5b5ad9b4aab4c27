// The local host answers odd requests as Microsoft's host does. Each request is sent byte by byte.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { ROOT } from '../support/localApp.ts';
import { type RawAnswer, rawHttp, rawRequest } from '../support/rawHttp.ts';
import { until } from '../support/until.ts';

const APP = `
  import { app } from '@azure/functions';
  const echo = (request) => ({ jsonBody: {
    method: request.method, id: request.params.id, url: request.url, query: [...request.query],
    header: request.headers.get('x-a'),
  } });
  app.http('echo', { route: 'echo/{id}', methods: ['GET', 'POST', 'PATCH'], authLevel: 'anonymous', handler: echo });
  app.http('size', { methods: ['POST'], authLevel: 'anonymous', handler: async (request) => ({
    body: String((await request.arrayBuffer()).byteLength),
  }) });
  app.http('guarded', { methods: ['GET'], authLevel: 'function', handler: () => ({ body: 'in' }) });
  app.http('other', { methods: ['GET'], authLevel: 'function', handler: () => ({ body: 'in' }) });
  app.http('off', { methods: ['GET'], authLevel: 'function', handler: () => ({ body: 'in' }) });
  app.timer('tick', { schedule: '0 0 0 1 1 *', handler: (_, context) => context.log('ticked') });
  app.timer('paused', { schedule: '* * * * * *', handler: (_, context) => context.log('ran although paused') });
`;

let folder: string;
let host: LocalHost;
const logs: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, 'node_modules/.local-host-'));
  await writeFile(join(folder, 'host.json'), '{ "version": "2.0" }');
  const entry = join(folder, 'app.mjs');
  await writeFile(entry, APP);
  const env = {
    ...process.env,
    'AzureWebJobs.off.Disabled': 'True',
    AzureWebJobs_paused_Disabled: '1',
    AzureWebJobs__tick__Disabled: 'true',
  };
  host = await startLocalHost({ root: folder, entry, port: 0, env, withKeys: true, log: (line) => logs.push(line) });
});

afterAll(async () => {
  await host?.close();
  await rm(folder, { recursive: true });
});

const send = (line: string, headers?: readonly string[], body?: string) =>
  rawHttp(host.url, rawRequest(line, headers, body));
const status = async (line: string, headers?: readonly string[], body?: string) =>
  (await send(line, headers, body)).status;
/** What the function `echo` saw. */
const seen = ({ body }: RawAnswer) => JSON.parse(body) as Record<string, unknown>;

describe('a path', () => {
  it.each([
    ['/api/echo/%zz', '%zz', '/api/echo/%25zz'],
    ['/api/echo/%', '%', '/api/echo/%25'],
    ['/api/echo/%ff%C3%28', '%ff%C3(', '/api/echo/%ff%C3('],
    ['/api/echo/%ED%A0%80', '%ED%A0%80', '/api/echo/%ED%A0%80'],
    ['/api/echo/%C3%BC%20b', 'ü b', '/api/echo/%C3%BC%20b'],
    ['/api/echo/a%2Fb%2fc', 'a%2Fb%2fc', '/api/echo/a%2Fb%2fc'],
    ['/api/echo/%61%40x', 'a@x', '/api/echo/a@x'],
    ['/api/echo/a%5Cb%23c%3Fd', 'a\\b#c?d', '/api/echo/a%5Cb%23c%3Fd'],
    ['/api/echo/a#b', 'a#b', '/api/echo/a%23b'],
    ['/api/elsewhere/../echo/x', 'x', '/api/echo/x'],
    ['/api/elsewhere/%2e%2E/echo/./x', 'x', '/api/echo/x'],
    ['/../../api/echo/x', 'x', '/api/echo/x'],
  ])('%s reaches the function, decoded as far as it can be', async (path, id, escaped) => {
    const answer = await send(`GET ${path}`);
    expect(answer.status).toBe(200);
    expect(seen(answer)).toMatchObject({ id, url: `http://127.0.0.1${escaped}` });
  });

  it.each([
    ['/api//echo/x', 404],
    ['//api/echo/x', 404],
    ['/api/echo/a/..', 404],
    ['/api/echo/%2e%2e%2fx/y', 404],
    ['/api/echo/%00', 400],
    ['/api/echo/\xfc', 400],
    ['api/echo/x', 400],
  ])('%j does not: %i', async (path, expected) => {
    expect(await status(`GET ${path}`)).toBe(expected);
  });
});

describe('a query', () => {
  it.each([
    ['a=%zz&b=%ff&c=%', { a: '%zz', b: '%ff', c: '%' }],
    ['a=x+y%2Bz%2F', { a: 'x y+z/' }],
    ['top=1&TOP=2&Top=3', { top: '1,2,3' }],
    ['a&b=&=c&&d=e=f', { a: '', b: '', '': 'c', d: 'e=f' }],
  ])('%s keeps bad escapes as text, and each name once', async (query, values) => {
    const answer = await send(`GET /api/echo/x?${query}`);
    expect(seen(answer)).toMatchObject({ query: Object.entries(values) });
  });
});

describe('a method', () => {
  it.each(['FOO', 'foo', 'PROPFIND', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'X-Y'])(
    '%s that is not registered is 404, with and without a key',
    async (method) => {
      const key = ['Host: x', `x-functions-key: ${host.keys?.master}`];
      expect(await status(`${method} /api/echo/x`)).toBe(404);
      expect(await status(`${method} /api/guarded`)).toBe(404);
      expect(await status(`${method} /api/guarded`, key)).toBe(404);
    },
  );

  it('works in lower case, with a body, and in a connection that goes on', async () => {
    expect(seen(await send('get /api/echo/x'))).toMatchObject({ method: 'GET', id: 'x' });
    expect(seen(await send('patch /api/echo/x', ['Host: x', 'Content-Length: 2'], 'hi'))).toMatchObject({
      method: 'PATCH',
    });
    const first = 'gEt /api/echo/one HTTP/1.1\r\nHost: x\r\n\r\n';
    const both = await rawHttp(host.url, first + rawRequest('GET /api/echo/two'));
    expect(both.body).toContain('"id":"one"');
    expect(both.body).toContain('"id":"two"');
  });

  it('CONNECT, and bytes that are no request, are 400', async () => {
    expect(await status('CONNECT x:1')).toBe(400);
    expect((await rawHttp(host.url, '\x16\x03\x01 hello\r\n\r\n')).status).toBe(400);
    expect((await rawHttp(host.url, 'GET /api/echo/x HTTP/9.9\r\n\r\n')).status).toBe(400);
  });
});

describe('the host', () => {
  it.each([
    ['user:pw@x', 400],
    ['x y', 400],
    ['a/b', 400],
    ['x:', 400],
    ['x:port', 400],
    ['example.com:8080', 200],
    ['[::1]:7071', 200],
    ['', 200],
  ])('%j in its header is answered with %i', async (name, expected) => {
    expect(await status('GET /api/echo/x', [`Host: ${name}`])).toBe(expected);
  });

  it('must be there, once', async () => {
    expect(await status('GET /api/echo/x', [])).toBe(400);
    expect(await status('GET /api/echo/x', ['Host: x', 'Host: y'])).toBe(400);
  });

  it('of a target in absolute form must be the one of the header', async () => {
    const answer = await send('GET http://X:80/api/echo/y?a=b', ['Host: x']);
    expect(seen(answer)).toMatchObject({ id: 'y', url: 'http://x/api/echo/y?a=b', query: [['a', 'b']] });
    expect(await status('GET http://other/api/echo/y', ['Host: x'])).toBe(400);
    expect(await status('GET ftp://x/api/echo/y', ['Host: x'])).toBe(400);
    expect(await status('GET http://x', ['Host: x'])).toBe(200);
  });
});

describe('a key', () => {
  const header = (key = '') => `x-functions-key: ${key}`;

  it('is missing or wrong: 401', async () => {
    expect(await status('GET /api/guarded')).toBe(401);
    expect(await status('GET /api/guarded', ['Host: x', header('wrong')])).toBe(401);
    expect(await status('GET /api/guarded?code=wrong')).toBe(401);
  });

  it('in a header beats one in the query, even if it is wrong or empty', async () => {
    const line = `GET /api/guarded?code=${host.keys?.host}`;
    expect(await status(line)).toBe(200);
    expect(await status(line, ['Host: x', header('wrong')])).toBe(401);
    expect(await status(line, ['Host: x', header()])).toBe(401);
    expect(await status('GET /api/guarded?code=wrong', ['Host: x', header(host.keys?.host)])).toBe(200);
  });

  it('that comes twice counts the first time', async () => {
    const right = host.keys?.host;
    expect(await status('GET /api/guarded', ['Host: x', header(right), header('wrong')])).toBe(200);
    expect(await status('GET /api/guarded', ['Host: x', header('wrong'), header(right)])).toBe(401);
    expect(await status(`GET /api/guarded?Code=${right}&code=wrong`)).toBe(200);
    expect(await status(`GET /api/guarded?code=wrong&CODE=${right}`)).toBe(401);
  });

  it.each(['code', 'Code', 'CODE', 'c%6fde'])('is read from the query as %s', async (name) => {
    expect(await status(`GET /api/guarded?${name}=${host.keys?.host}`)).toBe(200);
  });

  it('of one function opens that function alone', async () => {
    const own = host.keys?.functions.guarded;
    expect(await status(`GET /api/guarded?code=${own}`)).toBe(200);
    expect(await status(`GET /api/other?code=${own}`)).toBe(401);
  });
});

describe('the administrator', () => {
  const json = 'Content-Type: application/json';
  const call = (key: string | undefined, type: string, body: string, name = 'tick') => {
    const headers = ['Host: x', `Content-Length: ${body.length}`, ...(type === '' ? [] : [type])];
    return status(`POST /admin/functions/${name}`, key ? [...headers, `x-functions-key: ${key}`] : headers, body);
  };

  it('needs the master key: another key is 403, no key 401', async () => {
    expect(await call(undefined, json, '{}')).toBe(401);
    expect(await call('wrong', json, '{}')).toBe(401);
    expect(await call(host.keys?.functions.guarded, json, '{}')).toBe(401);
    expect(await call(host.keys?.host, json, '{}')).toBe(403);
    expect(await status('GET /admin/functions/tick')).toBe(401);
    expect(await status(`GET /admin/functions?code=${host.keys?.host}`)).toBe(403);
  });

  it.each([
    ['', '', 415],
    ['Content-Type: text/plain', '{}', 415],
    [json, '', 400],
    [json, 'no json', 400],
    [json, 'null', 400],
    [json, '[1]', 400],
    [json, '{"input":{}}', 400],
    [`${json}; charset=utf-8`, '{}', 202],
    [json, '{"Input":"x"}', 202],
  ])('with %j and the body %j is answered with %i', async (type, body, expected) => {
    const before = logs.length;
    expect(await call(host.keys?.master, type, body)).toBe(expected);
    if (expected === 202) await until(() => expect(logs.slice(before)).toContain('[tick] ticked'));
  });

  it('gets 404 for a function that is not there', async () => {
    expect(await call(host.keys?.master, json, '{}', 'nothing')).toBe(404);
    expect(await status(`GET /admin/functions/nothing?code=${host.keys?.master}`)).toBe(404);
  });

  it('reads what a function is', async () => {
    const answer = await send(`GET /admin/functions/TICK?code=${host.keys?.master}`);
    expect(JSON.parse(answer.body)).toMatchObject({
      name: 'tick',
      language: 'node',
      isDisabled: false,
      config: { bindings: [{ type: 'timerTrigger', schedule: '0 0 0 1 1 *' }] },
    });
    const all = await send(`GET /admin/functions?code=${host.keys?.master}`);
    expect(JSON.parse(all.body)).toHaveLength(7);
  });
});

describe('a disabled function', () => {
  it('is 404, except for the master key', async () => {
    expect(await status('GET /api/off')).toBe(401);
    expect(await status(`GET /api/off?code=${host.keys?.host}`)).toBe(404);
    expect(await status(`GET /api/off?code=${host.keys?.master}`)).toBe(200);
  });

  it('is not in the list, and its timer rests until the administrator calls', async () => {
    expect(host.functions.map(({ name }) => name)).toEqual(['echo', 'size', 'guarded', 'other', 'tick']);
    expect(logs.join('\n')).not.toContain('ran although paused');
    const headers = ['Host: x', 'Content-Type: application/json', 'Content-Length: 2'];
    expect(await status(`POST /admin/functions/paused?code=${host.keys?.master}`, headers, '{}')).toBe(202);
    await until(() => expect(logs).toContain('[paused] ran although paused'));
  });

  it('is not made by a name that the platform does not read, and the log says so', () => {
    expect(logs).toContain(
      'The platform does not read AzureWebJobs__tick__Disabled. Write AzureWebJobs.tick.Disabled or AzureWebJobs_tick_Disabled.',
    );
  });
});

describe('a size', () => {
  it('of 20 KB in the first line is 414, of 40 KB in the headers 431, of 16 KB in the headers fine', async () => {
    expect(await status(`GET /api/echo/${'a'.repeat(20_480)}`)).toBe(414);
    expect(await status(`GET /api/echo/x?a=${'a'.repeat(20_480)}`)).toBe(414);
    expect(await status('GET /api/echo/x', ['Host: x', `x-a: ${'a'.repeat(40_960)}`])).toBe(431);
    const answer = await send('GET /api/echo/x', ['Host: x', `x-a: ${'a'.repeat(16_384)}`]);
    expect(seen(answer).header).toHaveLength(16_384);
  });

  it('of 11 MB in the body passes, more than 100 MB is 413', async () => {
    const size = 11 * 1024 * 1024;
    const headers = (bytes: number) => ['Host: x', `Content-Length: ${bytes}`];
    expect((await send('POST /api/size', headers(size), 'a'.repeat(size))).body).toBe(String(size));
    expect(await status('POST /api/size', headers(100 * 1024 * 1024 + 1), 'a')).toBe(413);
  });

  it('does not matter for a header that is repeated: its values are joined', async () => {
    expect(seen(await send('GET /api/echo/x', ['Host: x', 'x-a: 1', 'X-A: 2'])).header).toBe('1,2');
  });
});

it('shows a page at the root', async () => {
  const answer = await send('GET /');
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html']);
  expect(answer.body).toContain('up and running');
  // This app has no page of its own.
  expect(answer.body).not.toContain('href');
});
