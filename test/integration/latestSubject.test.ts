// The latest subject over real HTTP: the built bundle, the local host and a sandbox tenant.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { latestSubject } from '../../src/reads/latestSubject.ts';
import { createServices } from '../../src/services.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, type Switches, settingsFor, startApp, startServer, startTenant } from '../support/localApp.ts';

let tenant: Switches;
let emulator: Emulator;
let app: App;

beforeAll(async () => {
  [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  app = await startApp(settings());
});

afterAll(async () => {
  await app.host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

function settings(graph = tenant.sandbox.url, identity = tenant.sandbox.url): NodeJS.ProcessEnv {
  return { ...settingsFor(graph, identity), AzureWebJobsStorage: emulator.nextAccount() };
}

beforeEach(async () => {
  await tenant.put('faults', {});
  await tenant.put('roles', { roles: ['Mail.ReadBasic.All'] });
  const members = ['support', 'hr', 'unlicensed', 'gone', "o'brien", 'plus+tag'].map(
    (name) => `${name}@contoso.example`,
  );
  await tenant.put('policy', { mechanism: 'application-access-policy', members });
});

const ask = (mailbox: string) => app.get(`mailboxes/${mailbox}/latest-subject`);

describe('an allowed mailbox', () => {
  it('answers the newest subject', async () => {
    await tenant.post('messages', { mailbox: 'support@contoso.example', subject: 'Hello' });
    const { status, body, headers } = await ask('Support@contoso.example');
    expect(status).toBe(200);
    expect(body).toEqual({
      mailbox: 'support@contoso.example',
      subject: 'Hello',
      receivedDateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+Z$/),
      checkedAt: expect.stringMatching(/Z$/),
    });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('answers null for an empty inbox', async () => {
    expect(await ask('hr@contoso.example')).toMatchObject({
      status: 200,
      body: { subject: null, receivedDateTime: null },
    });
  });

  it.each([
    "o'brien@contoso.example",
    'o%27brien@contoso.example',
    'plus+tag@contoso.example',
    'plus%2Btag@contoso.example',
  ])('is found as %s', async (name) => {
    expect((await ask(name)).status).toBe(200);
  });

  it('shows a refusal as a refusal', async () => {
    await tenant.put('policy', { mechanism: 'application-access-policy', members: [] });
    const { status, body } = await ask('support@contoso.example');
    expect(status).toBe(403);
    expect(body).toMatchObject({
      code: 'mailbox-refused',
      graph: { status: 403, code: 'ErrorAccessDenied', requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  it('is refused when the token carries no role', async () => {
    await tenant.put('roles', { roles: [] });
    expect((await ask('support@contoso.example')).body).toMatchObject({ code: 'mailbox-refused' });
  });

  it.each(['unlicensed@contoso.example', 'gone@contoso.example'])(
    'that Graph does not have is not found: %s',
    async (name) => {
      expect(await ask(name)).toMatchObject({ status: 404, body: { code: 'mailbox-not-found' } });
    },
  );
});

describe('a denied mailbox', () => {
  it('is refused, with what Graph said', async () => {
    const { status, body, headers } = await ask('cch@contoso.example');
    expect(status).toBe(403);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toEqual({
      type: 'urn:mailscope:problem:mailbox-refused',
      title: 'Mailbox refused',
      status: 403,
      detail: 'Microsoft Graph refused access to cch@contoso.example.',
      instance: '/api/mailboxes/cch@contoso.example/latest-subject',
      code: 'mailbox-refused',
      graph: { status: 403, code: 'ErrorAccessDenied', requestId: expect.any(String) },
    });
  });

  it('that Graph opens is a breach, and its subject is neither shown nor logged', async () => {
    await tenant.post('messages', { mailbox: 'cch@contoso.example', subject: 'Not for anybody' });
    await tenant.put('policy', { mechanism: 'none' });
    const { status, body } = await ask('cch@contoso.example');
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: 'scope-breach', graph: { status: 200, requestId: expect.any(String) } });
    expect(JSON.stringify(body) + app.logs.join()).not.toContain('Not for anybody');
  });
});

describe('a name', () => {
  it.each([
    ['nobody', 400, 'mailbox-invalid'],
    [`${'x'.repeat(400)}@contoso.example`, 400, 'mailbox-invalid'],
    ['%22support%22@contoso.example', 400, 'mailbox-invalid'],
    ['..%2Fsupport@contoso.example', 403, 'mailbox-not-listed'],
    ['support@contoso.example%2Fmessages', 400, 'mailbox-invalid'],
    ['m%C3%BCller@contoso.example', 403, 'mailbox-not-listed'],
    ['pat_fabrikam.example%23EXT%23@contoso.example', 403, 'mailbox-not-listed'],
    ['other@contoso.example', 403, 'mailbox-not-listed'],
  ])('that is not listed never reaches Graph: %s', async (name, status, code) => {
    // The breach above has started a run, which may still ask about the listed mailboxes.
    const asked = async () => Object.keys((await tenant.state()).requests.byMailbox).length;
    const before = await asked();
    expect(await ask(name)).toMatchObject({ status, body: { code } });
    expect(await asked()).toBe(before);
  });

  it.each(['', '%00', 'a%00@contoso.example', '%ZZ', 'x/y'])(
    'that is not one segment is refused by the platform: "%s"',
    async (name) => {
      expect([400, 404]).toContain((await ask(name)).status);
    },
  );

  it('with unknown query parameters is refused', async () => {
    const { status, body } = await app.get('mailboxes/support@contoso.example/latest-subject?top=5&code=x');
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'parameter-invalid',
      detail: 'This route has no query parameter "top". It takes scope.',
    });
    expect(JSON.stringify(body)).not.toContain('code=x');
  });
});

describe('a bad day', () => {
  it('answers 429 at once when Graph asks for more than the deadline leaves', async () => {
    await tenant.put('faults', { throttle: { share: 1, retryAfterSeconds: 60 } });
    const startedAt = performance.now();
    const { status, body, headers } = await ask('support@contoso.example');
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'throttled', '60']);
    // The deadline was not waited out.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it.each([
    ['a 503 as HTML', { error: { share: 1, status: 503, body: 'html', times: 1 } }],
    ['a 500 without a body', { error: { share: 1, status: 500, body: 'empty', times: 1 } }],
    ['a connection that is cut', { drop: { share: 1, times: 1 } }],
  ])('passes when it is %s', async (_, faults) => {
    await tenant.put('faults', faults);
    expect((await ask('support@contoso.example')).status).toBe(200);
  });

  it.each([
    ['a 200 without a list', 200, '{"nothing":"here"}'],
    ['a 200 that is not JSON', 200, '<html>'],
    ['a redirect', 302, ''],
    ['a 400', 400, '{"error":{"code":"InefficientFilter"}}'],
  ])('proves nothing by %s', async (_, status, text) => {
    const graph = await startServer((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:9/elsewhere' }).end(text);
    });
    const other = await startApp(settings(graph));
    try {
      expect(await other.get('mailboxes/support@contoso.example/latest-subject')).toMatchObject({
        status: 502,
        body: { code: 'graph-error' },
      });
    } finally {
      await other.host.close();
    }
  });

  it.each([400, 500])('of an identity endpoint that answers %i is reported, also in health', async (status) => {
    const identity = await startServer((_request, response) => void response.writeHead(status).end());
    const other = await startApp(settings(tenant.sandbox.url, identity));
    try {
      expect(await other.get('mailboxes/support@contoso.example/latest-subject')).toMatchObject({
        status: 503,
        body: { code: 'identity-unavailable' },
      });
      expect(await other.get('health')).toMatchObject({
        status: 503,
        body: { status: 'unhealthy', problems: [{ code: 'identity-unavailable' }, { code: 'no-run-yet' }] },
      });
    } finally {
      await other.host.close();
    }
  });
});

describe('an identity endpoint that never answers', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  it('delays an answer only until the deadline', async () => {
    const identity = await startServer(() => undefined);
    const environment = settings(tenant.sandbox.url, identity);
    // The identity library reads the environment of the process.
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const asked = latestSubject(createServices(environment, vi.fn()), 'support@contoso.example');
    const settled = vi.fn();
    asked.catch(settled);
    await vi.advanceTimersByTimeAsync(14_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await expect(asked).rejects.toMatchObject({ code: 'identity-unavailable' });
  });
});

describe('settings', () => {
  it('that are bad: every function with a key answers all faults, and health answers no values', async () => {
    const other = await startApp({
      ...settings(),
      SHARD_SIZE: 'twelve',
      DENIED_MAILBOXES: 'no/name@contoso.example',
    });
    try {
      const { status, body } = await other.get('mailboxes/support@contoso.example/latest-subject');
      expect(status).toBe(503);
      expect(body).toMatchObject({
        code: 'configuration-invalid',
        faults: [expect.any(String), 'SHARD_SIZE is "twelve". Use a whole number.'],
      });
      const health = await other.get('health');
      expect(health).toMatchObject({
        status: 503,
        body: {
          problems: [
            // What is for all scopes alike comes first.
            { code: 'configuration-invalid', setting: 'SHARD_SIZE', fault: 'malformed' },
            { code: 'configuration-invalid', setting: 'DENIED_MAILBOXES', fault: 'malformed' },
          ],
        },
      });
      expect(JSON.stringify(health.body)).not.toMatch(/twelve|contoso/);
    } finally {
      await other.host.close();
    }
  });
});
