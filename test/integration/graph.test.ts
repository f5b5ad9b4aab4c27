import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGraph, type Graph } from '../../src/graph/client.ts';
import { retryAfterMs } from '../../src/graph/retryAfter.ts';
import { createTokens, type Token, TokenUnavailableError } from '../../src/graph/tokens.ts';
import { startServer } from '../support/localApp.ts';

const READABLE = JSON.stringify({ value: [] });
const HOUR = 3_600_000;

function tokenSource() {
  let issued = 0;
  return vi.fn(async (_fresh: boolean): Promise<Token> => {
    issued += 1;
    return { value: `token-${issued}`, expiresOn: new Date(Date.now() + HOUR) };
  });
}

function graphAt(endpoint: string, fetchToken = tokenSource(), send?: typeof fetch): Graph {
  const now = () => new Date();
  const tokens = createTokens(fetchToken, () => undefined, now);
  return createGraph({
    endpoint,
    resource: 'mail',
    tokens,
    now,
    random: () => 0.5,
    newId: randomUUID,
    ...(send ? { fetch: send } : {}),
  });
}

/** Returns the answers in turn, and then repeats the last one. */
function inTurn(...answers: readonly ((request: IncomingMessage, response: ServerResponse) => void)[]) {
  const requests: IncomingMessage[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request);
    answers[Math.min(requests.length, answers.length) - 1]?.(request, response);
  };
  return { requests, listener };
}

const answer =
  (status: number, body = '', headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, headers).end(body);

const cut = (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"value":[', () => response.destroy());
};

describe('an exchange', () => {
  it('keeps its evidence, with a new id for each request', async () => {
    const headers = { 'request-id': 'r-2', 'x-ms-ags-diagnostic': '{"ServerInfo":{}}' };
    const { requests, listener } = inTurn(answer(503), answer(200, READABLE, headers));
    const exchange = await graphAt(await startServer(listener)).get(
      '/users/x/messages',
      { $top: '1' },
      { deadlineMs: 5_000 },
    );
    expect(exchange).toMatchObject({
      outcome: 'readable',
      status: 200,
      requestId: 'r-2',
      diagnostic: '{"ServerInfo":{}}',
      date: expect.stringMatching(/GMT$/),
      attempts: 2,
    });
    const ids = requests.map((request) => request.headers['client-request-id']);
    expect(new Set(ids).size).toBe(2);
    expect(exchange.clientRequestId).toBe(ids[1]);
    expect(requests[0]?.url).toBe('/v1.0/users/x/messages?$top=1');
    expect(requests[0]?.headers.authorization).toBe('Bearer token-1');
  });

  it.each([
    ['a 500', answer(500)],
    ['a 502 as HTML', answer(502, '<html>')],
    ['a body that is cut', cut],
    ['a connection that is cut', (request: IncomingMessage) => void request.socket.destroy()],
    ['a throttling without a wait', answer(429)],
    ['a throttling until a date', answer(429, '', { 'retry-after': new Date().toUTCString() })],
  ])('asks again after %s', async (_, first) => {
    const { listener } = inTurn(first, answer(200, READABLE));
    expect(await graphAt(await startServer(listener)).get('/x', {}, { deadlineMs: 5_000 })).toMatchObject({
      outcome: 'readable',
      attempts: 2,
    });
  });

  it.each([301, 302, 307])('does not follow a %i', async (status) => {
    const { requests, listener } = inTurn(answer(status, '', { location: '/v1.0/elsewhere' }));
    const exchange = await graphAt(await startServer(listener)).get('/x', {}, { deadlineMs: 5_000 });
    expect(exchange).toMatchObject({ outcome: 'inconclusive', reason: 'unexpected', status });
    expect(requests).toHaveLength(1);
  });

  it('counts the last answer when later tries got none', async () => {
    const { listener } = inTurn(answer(503, '{"error":{"code":"serviceNotAvailable"}}'), () => undefined);
    const exchange = await graphAt(await startServer(listener)).get('/x', {}, { deadlineMs: 600 });
    expect(exchange).toMatchObject({ reason: 'service', code: 'serviceNotAvailable', status: 503 });
  });

  it('gives up at the deadline when nothing ever answers', async () => {
    const exchange = await graphAt(await startServer(() => undefined)).get('/x', {}, { deadlineMs: 300 });
    expect(exchange).toMatchObject({ reason: 'timeout', status: null, attempts: 1 });
  });
});

describe('with a clock that the test moves', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const sending = (make: () => Response | Promise<Response>) => vi.fn(async () => make());

  it('asks a failing service five times, with longer and longer waits', async () => {
    const send = sending(() => new Response('', { status: 503 }));
    const asked = graphAt('https://graph.example', tokenSource(), send).get('/x', {}, { deadlineMs: 20_000 });
    await vi.advanceTimersByTimeAsync(3_100);
    expect(await asked).toMatchObject({ reason: 'service', attempts: 5 });
  });

  it('reports a network fault when there was no answer', async () => {
    const send = sending(() => Promise.reject(new TypeError('fetch failed')));
    const asked = graphAt('https://graph.example', tokenSource(), send).get('/x', {}, { deadlineMs: 20_000 });
    await vi.advanceTimersByTimeAsync(3_100);
    expect(await asked).toMatchObject({ reason: 'network', status: null, attempts: 5 });
  });

  it('waits at least as long as a 429 asks', async () => {
    const send = sending(() => new Response('', { status: 429, headers: { 'retry-after': '3' } }));
    const asked = graphAt('https://graph.example', tokenSource(), send).get('/x', {}, { deadlineMs: 20_000 });
    await vi.advanceTimersByTimeAsync(2_999);
    expect(send).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await asked).toMatchObject({ reason: 'throttled', retryAfterSeconds: 3 });
  });

  it('waits a little when a 429 asks for no wait', async () => {
    const send = sending(() => new Response('', { status: 429, headers: { 'retry-after': '0' } }));
    const asked = graphAt('https://graph.example', tokenSource(), send).get('/x', {}, { deadlineMs: 2_000 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await asked).toMatchObject({ reason: 'throttled' });
    expect(send.mock.calls.length).toBeLessThanOrEqual(10);
  });

  it('does not count a 429 as a failure of the service', async () => {
    const statuses = [429, 429, 429, 429, 429, 503, 503, 200];
    const send = sending(() => new Response('{"value":[]}', { status: statuses.shift() ?? 200 }));
    const asked = graphAt('https://graph.example', tokenSource(), send).get('/x', {}, { deadlineMs: 60_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await asked).toMatchObject({ outcome: 'readable', attempts: 8 });
  });

  it('does not begin a wait that would end after the deadline', async () => {
    const send = sending(() => new Response('', { status: 429, headers: { 'retry-after': '60' } }));
    const exchange = await graphAt('https://graph.example', tokenSource(), send).get('/x', {}, { deadlineMs: 20_000 });
    expect(exchange).toMatchObject({ reason: 'throttled', retryAfterSeconds: 60, attempts: 1 });
  });
});

describe('a token', () => {
  it('is fetched once for all callers', async () => {
    const fetchToken = tokenSource();
    const graph = graphAt(await startServer(answer(200, READABLE)), fetchToken);
    await Promise.all(Array.from({ length: 10 }, () => graph.get('/x', {}, { deadlineMs: 5_000 })));
    expect(fetchToken).toHaveBeenCalledTimes(1);
  });

  it('that Graph rejects is replaced once', async () => {
    const fetchToken = tokenSource();
    const { requests, listener } = inTurn(answer(401), answer(200, READABLE));
    const exchange = await graphAt(await startServer(listener), fetchToken).get('/x', {}, { deadlineMs: 5_000 });
    expect(exchange.outcome).toBe('readable');
    expect(requests.map((request) => request.headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    expect(fetchToken.mock.calls).toEqual([[false], [true]]);
  });

  it('that Graph keeps rejecting is inconclusive, and is fetched only twice', async () => {
    const { requests, listener } = inTurn(answer(401, '{"error":{"code":"InvalidAuthenticationToken"}}'));
    const exchange = await graphAt(await startServer(listener)).get('/x', {}, { deadlineMs: 5_000 });
    expect(exchange).toMatchObject({ reason: 'token', code: 'InvalidAuthenticationToken' });
    expect(requests).toHaveLength(2);
  });

  it('that cannot be fetched is inconclusive, keeps its cause, and is fetched again next time', async () => {
    const failing = vi.fn<(fresh: boolean) => Promise<Token>>(() => Promise.reject(new Error('no identity')));
    const graph = graphAt(await startServer(answer(200, READABLE)), failing);
    expect(await graph.get('/x', {}, { deadlineMs: 5_000 })).toMatchObject({
      reason: 'token',
      attempts: 0,
      status: null,
    });
    const refused = graph.token(5_000);
    await expect(refused).rejects.toThrow(TokenUnavailableError);
    await expect(refused).rejects.toMatchObject({ cause: { message: 'no identity' } });
    expect(failing).toHaveBeenCalledTimes(2);
  });

  it('that never comes ends at the deadline', async () => {
    const never = () => new Promise<Token>(() => undefined);
    const graph = graphAt(await startServer(answer(200, READABLE)), vi.fn(never));
    expect(await graph.get('/x', {}, { deadlineMs: 200 })).toMatchObject({ reason: 'token' });
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-11-23T10:00:00Z');
  it.each([
    ['5', {}, 5_000],
    ['0', {}, 0],
    ['Mon, 23 Nov 2026 10:00:30 GMT', {}, 30_000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', {}, 0],
    ['Mon, 23 Nov 2026 12:00:30 GMT', { date: 'Mon, 23 Nov 2026 12:00:00 GMT' }, 30_000],
    ['999999999', {}, 2_147_483_647],
    ['soon', {}, null],
    ['-1', {}, null],
    ['', {}, null],
  ])('"%s" beside %o asks for %s ms', (value, others, expected) => {
    expect(retryAfterMs(new Headers({ 'retry-after': value, ...others }), now)).toBe(expected);
  });
});
