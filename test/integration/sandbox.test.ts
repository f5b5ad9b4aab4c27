// The sandbox tenant, called as any Graph client calls it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Switches, startTenant } from '../support/localApp.ts';

let tenant: Switches;
let token: string;

beforeEach(async () => {
  tenant = await startTenant();
  token = await newToken();
});

afterEach(() => tenant.sandbox.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly value?: readonly Record<string, unknown>[];
    readonly error?: { readonly code: string; readonly message: string; readonly innerError: Record<string, string> };
    readonly responses?: readonly {
      id: string;
      status: number;
      headers: Record<string, string>;
      body: Answer['body'];
    }[];
    readonly '@odata.nextLink'?: string;
    readonly '@odata.count'?: number;
  } & Record<string, unknown>;
}

async function newToken(query = 'resource=https://graph.microsoft.com&api-version=2019-08-01'): Promise<string> {
  const headers = { 'X-IDENTITY-HEADER': 'sandbox' };
  const response = await fetch(`${tenant.sandbox.url}/msi/token?${query}`, { headers });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const url = path.startsWith('http') ? path : `${tenant.sandbox.url}/v1.0${path}`;
  const response = await fetch(url, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : {} };
}

const inbox = (mailbox: string, query = '') => `/users/${mailbox}/mailFolders/inbox/messages${query}`;
const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';

function batch(...urls: readonly string[]): Promise<Answer> {
  const requests = urls.map((url, index) => ({ id: String(index), method: 'GET', url }));
  return call('/$batch', { method: 'POST', body: JSON.stringify({ requests }) });
}

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());

describe('the identity endpoint', () => {
  it('answers as App Service does', async () => {
    const url = `${tenant.sandbox.url}/msi/token?resource=https://graph.microsoft.com/&api-version=2019-08-01&client_id=abc`;
    const body = (await (await fetch(url, { headers: { 'x-identity-header': 'sandbox' } })).json()) as Record<
      string,
      string
    >;
    expect(body).toMatchObject({ token_type: 'Bearer', client_id: 'abc', resource: 'https://graph.microsoft.com/' });
    expect(body.expires_on).toMatch(/^\d{10}$/);
    expect(claims(body.access_token ?? '')).toMatchObject({
      appid: 'abc',
      idtyp: 'app',
      roles: ['Mail.ReadBasic.All'],
    });
  });

  it.each([
    ['resource=https://graph.microsoft.com&api-version=2019-08-01', 'wrong', 401],
    ['resource=https://graph.microsoft.com&api-version=2017-09-01', 'sandbox', 400],
    ['api-version=2019-08-01', 'sandbox', 400],
    ['resource=https://elsewhere.example&api-version=2019-08-01', 'sandbox', 400],
  ])('refuses %s with header %s', async (query, header, status) => {
    const headers = { 'x-identity-header': header };
    expect((await fetch(`${tenant.sandbox.url}/msi/token?${query}`, { headers })).status).toBe(status);
  });

  it('puts changed roles into the next token', async () => {
    await tenant.put('roles', { roles: ['Mail.Read'], tokenLifetimeSeconds: 60 });
    expect(claims(token).roles).toEqual(['Mail.ReadBasic.All']);
    const { roles, exp, iat } = claims(await newToken());
    expect([roles, exp - iat]).toEqual([['Mail.Read'], 60]);
  });
});

describe('messages', () => {
  it.each(['Inbox', 'INBOX', 'inbox'])('come from the folder %s', async (folder) => {
    const { status, body } = await call(`/users/${SUPPORT}/mailFolders/${folder}/messages?$count=true`);
    expect([status, body['@odata.count'], body.value?.length]).toEqual([200, 3, 3]);
  });

  it.each([
    '/users/SUPPORT%40contoso.example/mailFolders/inbox/messages',
    "/users('support@contoso.example')/mailFolders('inbox')/messages",
  ])('are found under %s', async (path) => expect((await call(path)).status).toBe(200));

  it('show no bodies to Mail.ReadBasic, and bodies to Mail.Read', async () => {
    const [basic = {}] = (await call(inbox(SUPPORT))).body.value ?? [];
    expect(Object.keys(basic)).not.toContain('body');
    await tenant.put('roles', { roles: ['Mail.Read'] });
    const [full = {}] = (await call(inbox(SUPPORT))).body.value ?? [];
    expect(full).toMatchObject({ body: { contentType: 'text' } });
  });

  it('hold the selected properties, and an id', async () => {
    const { body } = await call(inbox(SUPPORT, '?%24select=subject&%24top=1&%24orderby=receivedDateTime%20desc'));
    expect(Object.keys(body.value?.[0] ?? {}).sort()).toEqual(['@odata.etag', 'id', 'subject']);
  });

  it.each(['', '&$orderby=receivedDateTime', '&$orderby=subject desc'])(
    'are visited once each, though mail arrives: %s',
    async (order) => {
      const seen: unknown[] = [];
      let next: string | undefined = inbox(SUPPORT, `?$top=1&$select=id${order}`);
      const all = (await call(inbox(SUPPORT, '?$select=id'))).body.value?.map(({ id }) => id) ?? [];
      while (next) {
        const { body }: Answer = await call(next);
        seen.push(...(body.value ?? []).map(({ id }) => id));
        next = body['@odata.nextLink'];
        if (seen.length < 6) await tenant.post('messages', { mailbox: SUPPORT, subject: `A new one ${seen.length}` });
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(all));
    },
  );

  it('are read one by one', async () => {
    const [first] = (await call(inbox(SUPPORT, '?$select=subject'))).body.value ?? [];
    expect((await call(`/users/${SUPPORT}/messages/${first?.id}?$select=subject`)).body).toMatchObject({
      subject: first?.subject,
    });
    expect((await call(`/users/${SUPPORT}/messages/nothing`)).body.error?.code).toBe('ErrorItemNotFound');
  });

  it.each([
    ['?$select=foo', 'RequestBroker--ParseUri'],
    ['?$orderby=foo', 'RequestBroker--ParseUri'],
    ['?$top=0', 'BadRequest'],
    ['?$top=x', 'BadRequest'],
    ['?$top=1001', 'BadRequest'],
    ['?$count=maybe', 'BadRequest'],
    ['?$filter=isRead eq false', 'BadRequest'],
    ['?$expand=attachments', 'BadRequest'],
    ['?$search="x"', 'BadRequest'],
    ['?$skiptoken=!', 'BadRequest'],
    ['?$top=1&$top=2', 'BadRequest'],
  ])('refuse the query %s', async (query, code) => {
    const { status, body } = await call(inbox(SUPPORT, query));
    expect([status, body.error?.code]).toEqual([400, code]);
  });
});

describe('an error', () => {
  it('has ids, a date, and the client’s own id', async () => {
    const { headers, body } = await call(inbox(CCH), { headers: { 'client-request-id': 'mine' } });
    expect(body.error).toMatchObject({
      code: 'ErrorAccessDenied',
      innerError: { 'request-id': headers.get('request-id'), 'client-request-id': 'mine' },
    });
    expect(body.error?.innerError.date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    expect(headers.get('client-request-id')).toBe('mine');
    expect(JSON.parse(headers.get('x-ms-ags-diagnostic') ?? '')).toHaveProperty('ServerInfo');
  });

  it.each([
    [inbox('nobody@contoso.example'), 404, 'ErrorInvalidUser'],
    [inbox('unlicensed@contoso.example'), 404, 'MailboxNotEnabledForRESTAPI'],
    ['/users/nobody@contoso.example', 404, 'Request_ResourceNotFound'],
    ['/groups', 400, 'BadRequest'],
    [`/users/${SUPPORT}/calendar`, 400, 'BadRequest'],
    [`/users/${SUPPORT}/mailFolders/nonsense/messages`, 400, 'ErrorInvalidIdMalformed'],
    ['/users/%ZZ', 400, 'BadRequest'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const answer = await call(path);
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  });

  it.each(['', 'Bearer x', 'Bearer a.b.c', 'Basic eA=='])(
    'is 401 for the authorization "%s"',
    async (authorization) => {
      const answer = await call(inbox(SUPPORT), { headers: { authorization } });
      expect([answer.status, answer.body.error?.code]).toEqual([401, 'InvalidAuthenticationToken']);
    },
  );
});

describe('the mechanisms', () => {
  const POLICY = 'application-access-policy';
  const READ = ['Mail.Read'];
  it.each<[string, readonly string[], number, number]>([
    [POLICY, READ, 200, 403],
    [POLICY, ['Mail.ReadBasic'], 200, 403],
    [POLICY, ['User.Read.All'], 403, 403],
    [POLICY, [], 403, 403],
    ['rbac', [], 200, 403],
    ['rbac', READ, 200, 200],
    ['none', READ, 200, 200],
    ['none', [], 403, 403],
  ])('%s with roles %j answers a member %i and another %i', async (mechanism, roles, member, other) => {
    await tenant.put('policy', { mechanism, members: [SUPPORT] });
    await tenant.put('roles', { roles });
    expect([(await call(inbox(SUPPORT))).status, (await call(inbox(CCH))).status]).toEqual([member, other]);
  });

  it('show in their text which of them refused', async () => {
    expect((await call(inbox(CCH))).body.error?.message).toContain('[RAOP]');
    await tenant.put('policy', { mechanism: 'rbac' });
    await tenant.put('roles', { roles: [] });
    expect((await call(inbox(CCH))).body.error?.message).toBe('Access is denied. Check credentials and try again.');
  });

  it('open a member that is named by object id, and answer users without any role', async () => {
    await tenant.put('roles', { roles: [] });
    const { id } = (await call(`/users/${CCH}`)).body;
    await tenant.put('policy', { mechanism: 'rbac', members: [id] });
    expect((await call(inbox(CCH))).status).toBe(200);
    expect((await call(inbox(String(id)))).status).toBe(200);
  });

  it('change only after the propagation time', async () => {
    await tenant.put('faults', { propagationSeconds: 3_600 });
    await tenant.put('policy', { mechanism: 'none' });
    expect((await call(inbox(CCH))).status).toBe(403);
  });
});

describe('a batch', () => {
  it('answers each request by its id, also when it fails', async () => {
    const { status, body } = await batch(
      inbox(SUPPORT, '?$top=1'),
      inbox(CCH),
      inbox('nobody@contoso.example'),
      '/groups',
    );
    expect(status).toBe(200);
    const byId = Object.fromEntries((body.responses ?? []).map((one) => [one.id, one.status]));
    expect(byId).toEqual({ 0: 200, 1: 403, 2: 404, 3: 400 });
  });

  it.each<[string, unknown]>([
    [
      'more than twenty',
      { requests: Array.from({ length: 21 }, (_, id) => ({ id: `${id}`, method: 'GET', url: '/users' })) },
    ],
    ['an id twice', { requests: [1, 1].map((id) => ({ id: `${id}`, method: 'GET', url: '/users' })) }],
    ['no id', { requests: [{ method: 'GET', url: '/users' }] }],
    ['no method', { requests: [{ id: '1', url: '/users' }] }],
    ['an absolute url', { requests: [{ id: '1', method: 'GET', url: 'https://elsewhere.example/' }] }],
    ['no requests', {}],
    ['a dependency that is not there', { requests: [{ id: '1', method: 'GET', url: '/users', dependsOn: ['0'] }] }],
  ])('with %s is a 400', async (_, body) => {
    expect((await call('/$batch', { method: 'POST', body: JSON.stringify(body) })).status).toBe(400);
  });

  it('that is not JSON is a 400', async () => {
    expect((await call('/$batch', { method: 'POST', body: '{"requests":' })).status).toBe(400);
  });

  it('fails a request that depends on a failed one', async () => {
    const requests = [
      { id: '1', method: 'GET', url: inbox(CCH) },
      { id: '2', method: 'GET', url: inbox(SUPPORT), dependsOn: ['1'] },
    ];
    const { body } = await call('/$batch', { method: 'POST', body: JSON.stringify({ requests }) });
    expect(body.responses?.map(({ status }) => status)).toEqual([403, 424]);
  });

  it('gives one mailbox four requests at a time, and more a 429 with Retry-After', async () => {
    await tenant.put('faults', { latencyMs: 100 });
    const alone = await Promise.all(Array.from({ length: 5 }, () => call(inbox(SUPPORT))));
    const over = alone.filter(({ status }) => status === 429);
    expect(over.map(({ body, headers }) => [body.error?.code, headers.get('retry-after')])).toEqual([
      ['ApplicationThrottled', '1'],
    ]);
    const inside = await batch(...Array.from({ length: 8 }, () => inbox(SUPPORT)));
    expect(inside.body.responses?.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  });

  it.each([
    ['reverse', ['2', '1', '0']],
    ['omit', ['1', '2']],
    ['double', ['0', '1', '2', '0']],
  ])('can %s', async (fault, ids) => {
    await tenant.put('faults', { batch: fault });
    const { body } = await batch(inbox(SUPPORT), inbox(CCH), inbox(SUPPORT));
    expect(body.responses?.map(({ id }) => id)).toEqual(ids);
  });

  it('can be cut in the middle', async () => {
    await tenant.put('faults', { batch: 'cut' });
    await expect(batch(inbox(SUPPORT))).rejects.toThrow();
  });
});

describe('faults', () => {
  async function statuses(count: number): Promise<number[]> {
    const all: number[] = [];
    for (let index = 0; index < count; index += 1) all.push((await call(inbox(SUPPORT))).status);
    return all;
  }

  it('with a share of 0.2 hit every fifth request', async () => {
    await tenant.put('faults', { throttle: { share: 0.2, retryAfterSeconds: 7 } });
    expect(await statuses(10)).toEqual([200, 200, 200, 200, 429, 200, 200, 200, 200, 429]);
  });

  it('let some through first, and end after some hits', async () => {
    await tenant.put('faults', { error: { share: 1, status: 502, after: 2, times: 2 } });
    expect(await statuses(6)).toEqual([200, 200, 502, 502, 200, 200]);
  });

  it('count the requests inside a batch, whose outer answer stays 200', async () => {
    await tenant.put('faults', { throttle: { share: 0.5, retryAfterSeconds: 9 } });
    const { status, body } = await batch(inbox(SUPPORT), inbox(CCH));
    expect(status).toBe(200);
    expect(body.responses?.filter((one) => one.status === 429).map(({ headers }) => headers['Retry-After'])).toEqual([
      '9',
    ]);
  });

  it('of one mailbox do not affect the others', async () => {
    await tenant.put('faults', {
      mailboxes: { 'SUPPORT@contoso.example': { status: 401, code: 'NoPermissionsInAccessToken', times: 1 } },
    });
    expect((await call(inbox(CCH))).status).toBe(403);
    expect((await call(inbox(SUPPORT))).body.error?.code).toBe('NoPermissionsInAccessToken');
    expect((await call(inbox(SUPPORT))).status).toBe(200);
  });

  it('of the identity endpoint answer the set status', async () => {
    await tenant.put('faults', { token: { status: 400, times: 1 } });
    const url = `${tenant.sandbox.url}/msi/token?resource=https://graph.microsoft.com&api-version=2019-08-01`;
    const ask = async () => (await fetch(url, { headers: { 'x-identity-header': 'sandbox' } })).status;
    expect([await ask(), await ask()]).toEqual([400, 200]);
  });

  it('are counted like all requests', async () => {
    await statuses(2);
    await call(inbox(CCH));
    await batch(inbox(CCH));
    const { requests } = await tenant.state();
    expect(requests.byKind).toMatchObject({ token: 1, messages: 4, batch: 1 });
    expect(requests.byOutcome).toMatchObject({ readable: 2, refused: 2 });
    expect(requests.byMailbox).toEqual({ [SUPPORT]: 2, [CCH]: 2 });
  });
});

describe('the switches', () => {
  it.each<[string, 'put' | 'post', object, string]>([
    ['faults', 'put', { throttle: { share: 2 } }, 'throttle.share'],
    ['faults', 'put', { thrttle: {} }, 'thrttle'],
    ['policy', 'put', { mechanism: 'magic' }, 'mechanism'],
    ['roles', 'put', { roles: 'Mail.Read' }, 'roles'],
    ['mailboxes', 'post', { count: -1 }, 'count'],
  ])('refuse a bad body for %s and name the field', async (path, method, body, field) => {
    const response = await tenant[method](path, body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { detail: string }).detail).toContain(field);
  });

  it('make ten thousand mailboxes, delete one, and page through users', async () => {
    expect(await (await tenant.post('mailboxes', { count: 10_000 })).json()).toMatchObject({ created: 10_000 });
    expect((await call(inbox('user00001@contoso.example'))).status).toBe(403);
    const response = await fetch(`${tenant.sandbox.url}/sandbox/mailboxes/user00001@contoso.example`, {
      method: 'DELETE',
    });
    expect(response.status).toBe(204);
    expect((await call(inbox('user00001@contoso.example'))).status).toBe(404);
    const first = await call('/users?$top=999&$select=id');
    const second = await call(first.body['@odata.nextLink'] ?? '');
    const ids = [...(first.body.value ?? []), ...(second.body.value ?? [])].map(({ id }) => id);
    expect(new Set(ids).size).toBe(1998);
  });
});
