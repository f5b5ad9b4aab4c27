// A shard asks the sandbox's Graph: batches, retries, and the control around them.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGraph } from '../../src/graph/client.ts';
import { createLimiter, createRoom } from '../../src/graph/limiter.ts';
import { observe } from '../../src/graph/observe.ts';
import { createTokens, type Token } from '../../src/graph/tokens.ts';
import { type Switches, startServer, startTenant } from '../support/localApp.ts';

let tenant: Switches;

beforeAll(async () => {
  tenant = await startTenant();
  await tenant.post('mailboxes', { count: 120 });
});

afterAll(() => tenant.sandbox.close());

beforeEach(async () => {
  await tenant.put('faults', {});
  await tenant.put('roles', { roles: ['Mail.ReadBasic.All'] });
  await tenant.put('policy', { mechanism: 'application-access-policy', members: ['support@contoso.example'] });
});

const user = (number: number) => `user${String(number).padStart(5, '0')}@contoso.example`;
const users = (count: number) => Array.from({ length: count }, (_, index) => user(index + 1));

async function fetchToken(): Promise<Token> {
  const url = `${tenant.sandbox.url}/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com`;
  const answer = await fetch(url, { headers: { 'x-identity-header': 'sandbox' } });
  const { access_token: value } = (await answer.json()) as { readonly access_token: string };
  return { value, expiresOn: new Date(Date.now() + 3_600_000) };
}

interface Shard {
  readonly allowed?: readonly string[];
  readonly denied?: readonly string[];
  readonly borrowed?: readonly string[];
  readonly own?: readonly string[];
  readonly deadlineMs?: number;
  readonly endpoint?: string;
  readonly concurrency?: number;
}

async function see({ allowed = ['support@contoso.example'], denied = [], borrowed = [], ...options }: Shard) {
  const now = () => new Date();
  const tokens = createTokens(fetchToken, () => undefined, now);
  const endpoint = options.endpoint ?? tenant.sandbox.url;
  const graph = createGraph({ endpoint, resource: 'mail', tokens, now, random: () => 0.5, newId: randomUUID });
  const limiter = createLimiter(createRoom(options.concurrency ?? 16));
  const ask = [
    ...allowed.map((mailbox) => ({ mailbox, expectation: 'allowed' as const })),
    ...denied.map((mailbox) => ({ mailbox, expectation: 'denied' as const })),
  ];
  const result = await observe(
    { graph, limiter, now, random: () => 0.5, newId: randomUUID },
    {
      ask,
      own: options.own ?? allowed,
      borrowed,
      withSubjects: true,
      deadlineMs: options.deadlineMs ?? 20_000,
      mostMs: 60_000,
    },
  );
  const byName = new Map(result.seen.map((seen) => [seen.mailbox, seen]));
  const outcomes = (names: readonly string[]) => [...new Set(names.map((name) => byName.get(name)?.outcome))];
  return { ...result, byName, outcomes };
}

describe('a shard', () => {
  it('sees each mailbox once, with a control that held', async () => {
    const denied = users(70);
    const { seen, control, outcomes, byName, roles } = await see({ denied });
    expect(seen).toHaveLength(71);
    expect(outcomes(denied)).toEqual(['refused']);
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', borrowed: false, held: true });
    expect(control.reads).toHaveLength(1);
    expect(roles).toEqual(['Mail.ReadBasic.All']);
    expect(byName.get('support@contoso.example')).toMatchObject({
      outcome: 'readable',
      controlHeld: true,
      requestId: expect.any(String),
      batchRequestId: null,
      message: { subject: expect.any(String), receivedDateTime: expect.any(String) },
    });
    const refused = denied.map((name) => byName.get(name));
    expect(refused[0]).toMatchObject({
      status: 403,
      code: 'ErrorAccessDenied',
      messageClass: 'application-access-policy',
      requestId: expect.any(String),
      batchRequestId: expect.any(String),
      attempts: 1,
      message: { subject: null, receivedDateTime: null },
    });
    expect(new Set(refused.map((one) => one?.clientRequestId)).size).toBe(70);
    expect(new Set(refused.map((one) => one?.batchRequestId)).size).toBe(4);
  });

  it('asks for no subject of a denied mailbox, and asks the first twenty readable ones again alone', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const denied = users(30);
    await tenant.post('messages', { mailbox: user(1), subject: 'Not for anybody' });
    const { byName, outcomes, seen } = await see({ denied });
    expect(outcomes(denied)).toEqual(['readable']);
    expect(denied.filter((name) => byName.get(name)?.requestId !== null)).toHaveLength(20);
    expect(denied.every((name) => byName.get(name)?.batchRequestId !== null)).toBe(true);
    expect(JSON.stringify(seen)).not.toContain('Not for anybody');
  });

  it('has no proof when no mailbox is readable', async () => {
    await tenant.put('policy', { mechanism: 'application-access-policy', members: [] });
    const { control, seen, outcomes } = await see({ denied: users(3), borrowed: ['hr@contoso.example'] });
    expect(control).toMatchObject({ mailbox: null, held: false });
    expect(seen.every(({ controlHeld }) => !controlHeld)).toBe(true);
    expect(outcomes(['support@contoso.example'])).toEqual(['refused']);
    expect(control.reads.map(({ mailbox }) => mailbox)).toEqual(['hr@contoso.example']);
  });

  it('borrows a control, and its reads are not observations', async () => {
    const { control, seen } = await see({
      allowed: [user(1)],
      denied: users(5).slice(1),
      borrowed: [user(9), 'support@contoso.example'],
    });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', borrowed: true, held: true });
    expect(control.reads.map(({ mailbox }) => mailbox)).toEqual([
      user(9),
      'support@contoso.example',
      'support@contoso.example',
    ]);
    expect(seen.map(({ mailbox }) => mailbox).sort()).toEqual(users(5));
  });

  it('finds its control among many refused allowed mailboxes, and sees each of them once', async () => {
    const allowed = [...users(40), 'support@contoso.example'];
    const { control, seen } = await see({ allowed, denied: ['cch@contoso.example'] });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', borrowed: false, held: true });
    expect(seen).toHaveLength(42);
    expect((await tenant.state()).requests.byMailbox[user(7)]).toBeDefined();
  });

  it('does not wait for a candidate that is throttled, and asks it again with the others', async () => {
    const throttled = { status: 429, code: 'ApplicationThrottled', times: 3 };
    await tenant.put('faults', { mailboxes: { 'hr@contoso.example': throttled } });
    await tenant.put('policy', {
      mechanism: 'application-access-policy',
      members: ['support@contoso.example', 'hr@contoso.example'],
    });
    const { control, byName } = await see({
      allowed: ['hr@contoso.example', 'support@contoso.example'],
      denied: ['cch@contoso.example'],
    });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', held: true });
    expect(byName.get('hr@contoso.example')).toMatchObject({ outcome: 'readable', batchRequestId: expect.any(String) });
    expect(control.reads[0]).toMatchObject({ mailbox: 'hr@contoso.example', reason: 'throttled' });
  });

  it('asks denied mailboxes although a candidate is always throttled', async () => {
    const members = ['support@contoso.example', 'hr@contoso.example'];
    await tenant.put('policy', { mechanism: 'application-access-policy', members });
    await tenant.put('faults', { mailboxes: { 'hr@contoso.example': { status: 429, code: 'ApplicationThrottled' } } });
    const { control, byName } = await see({
      allowed: ['gone@contoso.example', 'support@contoso.example', 'hr@contoso.example'],
      denied: ['cch@contoso.example'],
      deadlineMs: 4_500,
    });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', held: true });
    expect(byName.get('cch@contoso.example')).toMatchObject({ outcome: 'refused', controlHeld: true });
    expect(byName.get('hr@contoso.example')).toMatchObject({ reason: 'throttled' });
  });

  it('takes a control that was already judged', async () => {
    const { control, seen } = await see({
      allowed: [],
      own: ['support@contoso.example'],
      denied: ['cch@contoso.example'],
    });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', borrowed: false, held: true });
    expect(control.reads).toHaveLength(2);
    expect(seen.map(({ mailbox }) => mailbox)).toEqual(['cch@contoso.example']);
  });

  it('does not believe refusals when its control stops answering', async () => {
    await tenant.put('faults', {
      mailboxes: { 'support@contoso.example': { status: 403, code: 'ErrorAccessDenied', after: 1 } },
    });
    const { control, seen } = await see({ denied: users(3) });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', held: false });
    expect(seen.every(({ controlHeld }) => !controlHeld)).toBe(true);
  });

  it('does not believe refusals on either side of a token that was replaced', async () => {
    let batches = 0;
    const proxy = await startServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.url === '/v1.0/$batch') batches += 1;
      if (request.url === '/v1.0/$batch' && batches === 2) return void response.writeHead(401).end();
      const { authorization = '' } = request.headers;
      const init = { method: request.method ?? 'GET', headers: { authorization, 'content-type': 'application/json' } };
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
      const answer = await fetch(tenant.sandbox.url + request.url, { ...init, ...body });
      response.writeHead(answer.status).end(await answer.text());
    });
    const { control, outcomes } = await see({ denied: users(40), endpoint: proxy, concurrency: 1 });
    expect(outcomes(users(40))).toEqual(['refused']);
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', held: false });
    expect(control.reads.at(-1)).toMatchObject({ outcome: 'readable' });
  });

  it('without a token is inconclusive throughout', async () => {
    await tenant.put('faults', { token: { status: 400 } });
    const now = () => new Date();
    const tokens = createTokens(
      () => Promise.reject(new Error('no identity')),
      () => undefined,
      now,
    );
    const graph = createGraph({
      endpoint: tenant.sandbox.url,
      resource: 'mail',
      tokens,
      now,
      random: () => 0.5,
      newId: randomUUID,
    });
    const services = { graph, limiter: createLimiter(createRoom(2)), now, random: () => 0.5, newId: randomUUID };
    const ask = [
      { mailbox: 'support@contoso.example', expectation: 'allowed' as const },
      { mailbox: 'cch@contoso.example', expectation: 'denied' as const },
    ];
    const own = ['support@contoso.example'];
    const { seen } = await observe(services, {
      ask,
      own,
      borrowed: [],
      withSubjects: true,
      deadlineMs: 5_000,
      mostMs: 5_000,
    });
    expect(seen.map(({ reason, status }) => [reason, status])).toEqual([
      ['token', null],
      ['token', null],
    ]);
  });
});

describe('a fault that may pass is asked again', () => {
  it.each([
    [
      'every fifth answer throttled and every twentieth a 503',
      {
        throttle: { share: 0.2, retryAfterSeconds: 0 },
        error: { share: 0.05, status: 503 },
      },
    ],
    ['twenty answers are 500 without a body', { error: { share: 1, status: 500, body: 'empty', after: 1, times: 20 } }],
    ['two connections are cut', { drop: { share: 1, times: 2 } }],
    ['the answers come in reverse order', { batch: 'reverse' }],
    ['one answer comes twice', { batch: 'double' }],
    ['another part of Graph failed', { mailboxes: { [user(5)]: { status: 424, code: 'FailedDependency', times: 3 } } }],
  ])('when %s', async (_, faults) => {
    await tenant.put('faults', faults);
    const denied = users(60);
    const { control, outcomes, seen } = await see({ denied });
    expect(seen).toHaveLength(61);
    expect(outcomes(denied)).toEqual(['refused']);
    expect(control.held).toBe(true);
  });

  it('with the number of 429 answers and the time waited, where parallel waits count once', async () => {
    await tenant.put('faults', { throttle: { share: 1, retryAfterSeconds: 0, after: 1, times: 7 } });
    const { throttled, waitedMs } = await see({ denied: users(60) });
    expect(throttled).toBe(7);
    expect(waitedMs).toBeGreaterThanOrEqual(200);
    expect(waitedMs).toBeLessThan(7 * 200);
    await tenant.put('faults', {});
    expect(await see({ denied: users(60) })).toMatchObject({ throttled: 0, waitedMs: 0 });
  });

  it('alone when its answer stays missing in batches', async () => {
    await tenant.put('faults', { batch: 'omit' });
    const { outcomes, control } = await see({ denied: ['cch@contoso.example', user(1)] });
    expect(outcomes(['cch@contoso.example', user(1)])).toEqual(['refused']);
    expect(control.held).toBe(true);
  });

  it('but a mailbox that fails for good does not hold up the others', async () => {
    await tenant.put('faults', {
      mailboxes: {
        [user(3)]: { status: 404, code: 'ErrorInvalidUser' },
        [user(4)]: { status: 401, code: 'InvalidAuthenticationToken' },
      },
    });
    const { byName, control } = await see({ denied: users(6) });
    expect(byName.get(user(3))).toMatchObject({ outcome: 'inconclusive', reason: 'not-found', attempts: 1 });
    expect(byName.get(user(4))).toMatchObject({ outcome: 'inconclusive', reason: 'token', attempts: 2 });
    expect(byName.get(user(5))).toMatchObject({ outcome: 'refused', controlHeld: true });
    expect(control.held).toBe(true);
  });

  it('five times in all when every batch is cut', async () => {
    await tenant.put('faults', { batch: 'cut' });
    const { byName } = await see({ denied: ['cch@contoso.example'] });
    expect(byName.get('cch@contoso.example')).toMatchObject({
      outcome: 'inconclusive',
      reason: 'network',
      attempts: 5,
    });
  });
});

describe('the deadline', () => {
  it('ends the tries when an answer asks for a longer wait', async () => {
    const startedAt = performance.now();
    await tenant.put('faults', { throttle: { share: 1, retryAfterSeconds: 3_600, after: 5, times: 1 } });
    const { seen, control } = await see({ denied: users(30), deadlineMs: 20_000 });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(seen.filter(({ reason }) => reason === 'throttled')).toHaveLength(1);
    expect(control.held).toBe(true);
  });

  it('of a shard is not used up by one batch that asks for a longer wait', async () => {
    let batches = 0;
    const proxy = await startServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.method === 'POST') batches += 1;
      if (request.method === 'POST' && batches === 1)
        return void response.writeHead(503, { 'retry-after': '60' }).end();
      const { authorization = '' } = request.headers;
      const init = { method: request.method ?? 'GET', headers: { authorization, 'content-type': 'application/json' } };
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
      const answer = await fetch(tenant.sandbox.url + request.url, { ...init, ...body });
      response.writeHead(answer.status).end(await answer.text());
    });
    const { seen, control } = await see({ denied: users(60), endpoint: proxy, concurrency: 1, deadlineMs: 9_000 });
    expect(seen.filter(({ reason }) => reason === 'service')).toHaveLength(20);
    expect(seen.filter(({ reason }) => reason === 'timeout')).toHaveLength(0);
    expect(control.held).toBe(true);
  });

  it('makes missing answers inconclusive, and leaves time for the control', async () => {
    await tenant.put('faults', { mailboxes: { [user(2)]: { status: 429, code: 'TooManyRequests' } } });
    const { byName, control } = await see({ denied: users(3), deadlineMs: 5_000 });
    expect(byName.get(user(2))).toMatchObject({ outcome: 'inconclusive', reason: 'throttled', status: 429 });
    expect(byName.get(user(3))).toMatchObject({ outcome: 'refused', controlHeld: true });
    expect(control.held).toBe(true);
  });

  it('ends a shard whose Graph never answers', async () => {
    const silent = await startServer(() => undefined);
    const { seen } = await see({ denied: users(30), endpoint: silent, deadlineMs: 500 });
    expect(seen).toHaveLength(31);
    expect([...new Set(seen.map(({ reason }) => reason))]).toEqual(['timeout']);
  });
});

describe('raw text inside a batch', () => {
  const RAW = { status: 503, body: 'raw' };
  const isAsked = async (name: string) => (await tenant.state()).requests.byMailbox[name] ?? 0;

  it('is what the sandbox answers as Graph does', async () => {
    await tenant.put('faults', { mailboxes: { [user(2)]: RAW } });
    const { value } = await fetchToken();
    const request = (name: string, id: string) => ({
      id,
      method: 'GET',
      url: `/users/${name}/mailFolders/inbox/messages`,
    });
    const answer = await fetch(`${tenant.sandbox.url}/v1.0/$batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${value}` },
      body: JSON.stringify({ requests: [request(user(1), '1'), request(user(2), '2')] }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(
      /^\{"responses":\[\{"id":"1",.*\},\{"id":"2","status":503,"headers":\{\},"body":The service is unavailable\.\}\]\}$/,
    );
  });

  it.each([1, 7, 20])('hides no other mailbox of its batch, wherever it stands: %i of 20', async (position) => {
    const [broken, breached] = [user(position), user(position === 13 ? 12 : 13)];
    await tenant.put('policy', {
      mechanism: 'application-access-policy',
      members: ['support@contoso.example', breached],
    });
    await tenant.put('faults', { mailboxes: { [broken]: RAW } });
    const before = await isAsked(user(14));
    const { byName, control } = await see({ denied: users(20) });
    expect(byName.get(breached)).toMatchObject({ outcome: 'readable', requestId: expect.any(String) });
    const inconclusive = users(20).filter((name) => byName.get(name)?.outcome === 'inconclusive');
    expect(inconclusive).toEqual([broken]);
    expect(byName.get(broken)).toMatchObject({ reason: 'service', status: 503, batchRequestId: null });
    expect(control.held).toBe(true);
    // Twice in the whole batch, and then once in each of its smaller parts.
    expect((await isAsked(user(14))) - before).toBeLessThanOrEqual(6);
  });

  it('that passes costs one more batch', async () => {
    await tenant.put('faults', { mailboxes: { [user(3)]: { ...RAW, times: 1 } } });
    const { outcomes, byName } = await see({ denied: users(20) });
    expect(outcomes(users(20))).toEqual(['refused']);
    expect(byName.get(user(3))).toMatchObject({ attempts: 2, batchRequestId: expect.any(String) });
  });

  it('in every batch leaves each mailbox to be asked alone', async () => {
    await tenant.put('faults', { batch: 'raw' });
    const { outcomes, byName, control } = await see({ denied: users(50) });
    expect(outcomes(users(50))).toEqual(['refused']);
    expect(byName.get(user(50))).toMatchObject({ requestId: expect.any(String), batchRequestId: null });
    expect(control.held).toBe(true);
  });

  it('does not make a load when Graph answers nothing else', async () => {
    await tenant.put('faults', { batch: 'html', error: { share: 1, status: 503, body: 'raw' } });
    const before = (await tenant.state()).requests.byKind.messages ?? 0;
    const { outcomes } = await see({ denied: users(120), deadlineMs: 20_000 });
    expect(outcomes(users(120))).toEqual(['inconclusive']);
    // Six batches of twenty twice and a few smaller ones; then sixteen at a time until eight in a row have failed.
    expect(((await tenant.state()).requests.byKind.messages ?? 0) - before).toBeLessThan(120 * 5);
  });

  it('about the only allowed mailboxes does not end the search for a control', async () => {
    await tenant.put('faults', { mailboxes: { [user(1)]: RAW, [user(2)]: RAW } });
    const allowed = [user(1), user(2), 'support@contoso.example'];
    const { control, byName } = await see({ allowed, denied: ['cch@contoso.example'] });
    expect(control).toMatchObject({ mailbox: 'support@contoso.example', held: true, fault: null });
    expect(byName.get('cch@contoso.example')).toMatchObject({ outcome: 'refused', controlHeld: true });
  });
});

describe('an answer that is not the answer of a batch', () => {
  async function proxyWith(status: number, body: string): Promise<string> {
    return startServer((request, response) => {
      if (request.method === 'POST') response.writeHead(status).end(body);
      else if (request.url?.includes('support')) response.writeHead(200).end('{"value":[]}');
      else response.writeHead(403).end('{"error":{"code":"ErrorAccessDenied"}}');
    });
  }

  it.each([
    [200, '{"value":[]}'],
    [200, '<html>'],
    [200, ''],
    [200, '{"responses":[{"id":"1","status":200,"body":"eyJ2YWx1ZSI6W119"},{"id":"2"}]}'],
  ])('says nothing of any mailbox, so each is asked alone: %i %s', async (status, body) => {
    const { outcomes } = await see({ denied: users(3), endpoint: await proxyWith(status, body) });
    expect(outcomes(users(3))).toEqual(['refused']);
  });

  it.each([
    [403, '{"error":{"code":"ErrorAccessDenied"}}'],
    [424, '{"error":{"code":"FailedDependency"}}'],
  ])('with another status proves nothing of any mailbox: %i %s', async (status, body) => {
    const { outcomes } = await see({ denied: users(3), endpoint: await proxyWith(status, body) });
    expect(outcomes(users(3))).toEqual(['inconclusive']);
  });

  it('but a 424 that passes is asked again', async () => {
    let batches = 0;
    const proxy = await startServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      batches += Number(request.method === 'POST');
      if (batches === 1) return void response.writeHead(424).end('{"error":{"code":"FailedDependency"}}');
      const { authorization = '' } = request.headers;
      const init = { method: request.method ?? 'GET', headers: { authorization, 'content-type': 'application/json' } };
      const answer = await fetch(
        tenant.sandbox.url + request.url,
        chunks.length > 0 ? { ...init, body: Buffer.concat(chunks) } : init,
      );
      response.writeHead(answer.status).end(await answer.text());
    });
    const { outcomes } = await see({ denied: users(3), endpoint: proxy });
    expect(outcomes(users(3))).toEqual(['refused']);
  });
});

describe('a long text of Graph', () => {
  it('is cut where it enters', async () => {
    const code = 'E'.repeat(70_000);
    await tenant.put('faults', { mailboxes: { [user(1)]: { status: 403, code } } });
    await tenant.post('messages', { mailbox: 'support@contoso.example', subject: '🙂'.repeat(40_000) });
    const { byName } = await see({ denied: [user(1)] });
    const { subject = '' } = byName.get('support@contoso.example')?.message ?? {};
    expect(subject).toMatch(/^(🙂)+…$/u);
    expect(subject?.length).toBeLessThanOrEqual(1_000);
    expect(byName.get(user(1))?.code).toBe(`${'E'.repeat(99)}…`);
  });
});
