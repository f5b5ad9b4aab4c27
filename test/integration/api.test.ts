// The API over real HTTP: the built bundle in the local host, a real storage emulator, a sandbox tenant.
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { until } from '../support/until.ts';

let tenant: Switches;
let emulator: Emulator;
let app: App;

const users = Array.from({ length: 45 }, (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`);

beforeAll(async () => {
  [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  await tenant.post('mailboxes', { count: 45 });
  app = await startApp({
    ...settingsFor(tenant.sandbox.url),
    ALLOWED_MAILBOXES: 'support@contoso.example',
    DENIED_MAILBOXES: users.join(' '),
    SHARD_SIZE: '10',
    PROPAGATION_MINUTES: '0',
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
  });
});

afterAll(async () => {
  await app.host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

async function post(path: string) {
  const response = await fetch(`${app.host.url}/api/${path}`, { method: 'POST' });
  const body = (await response.json()) as { readonly id: string };
  return { status: response.status, headers: response.headers, body };
}

/** Starts a run and waits for its end. */
async function run(): Promise<Record<string, unknown>> {
  const { body } = await until(async () => {
    const answer = await post('runs');
    expect(answer.status).toBe(202);
    return answer;
  });
  const ended = async () => {
    const { body: seen } = await app.get(`runs/${body.id}`);
    expect(seen.status).toBe('completed');
    return seen;
  };
  return until(ended);
}

/** Follows a list to its end; calls `between` after each page. */
async function follow(path: string, between: () => Promise<void> = async () => undefined) {
  const values: Record<string, unknown>[] = [];
  let next: string | undefined = `${app.host.url}/api/${path}`;
  while (next !== undefined) {
    const response = await fetch(next);
    expect(response.status).toBe(200);
    const page = (await response.json()) as { value: Record<string, unknown>[]; nextLink?: string };
    values.push(...page.value);
    next = page.nextLink;
    await between();
  }
  return values;
}

describe('a requested run', () => {
  it('is accepted with its id and location, done through the queue, and recorded', async () => {
    expect(await app.get('health')).toMatchObject({ status: 503, body: { problems: [{ code: 'no-run-yet' }] } });
    const { status, headers, body } = await post('runs');
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`${app.host.url}/api/runs/${body.id}`);
    const other = await post('runs');
    expect(other).toMatchObject({ status: 409, body: { code: 'run-in-progress', runId: body.id } });
    await until(async () => expect((await app.get(`runs/${body.id}`)).body.status).toBe('completed'));
    expect((await app.get(`runs/${body.id}`)).body).toEqual({
      id: body.id,
      number: 1,
      trigger: 'request',
      status: 'completed',
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
      mailboxes: 46,
      shards: 5,
      skippedTicks: 0,
      missedTicks: 0,
      controlHeld: true,
      shardsWithoutControl: 0,
      outcomes: { readable: 1, refused: 45, inconclusive: 0 },
      verdicts: { compliant: 46, breach: 0, lockout: 0, unverified: 0, pending: 0 },
      messageClasses: { 'application-access-policy': 45, generic: 0, other: 0 },
      opened: 0,
      closed: 0,
      added: 46,
      removed: 0,
      redeclared: 0,
      notSeen: 0,
      byExpectation: {
        allowed: { readable: 1, refused: 0, inconclusive: 0 },
        denied: { readable: 0, refused: 45, inconclusive: 0 },
      },
      verdictsByExpectation: {
        allowed: { compliant: 1, breach: 0, lockout: 0, unverified: 0, pending: 0 },
        denied: { compliant: 45, breach: 0, lockout: 0, unverified: 0, pending: 0 },
      },
      oldestProof: expect.stringMatching(/Z$/),
      openedByKind: { breach: 0, lockout: 0, unverified: 0 },
      roles: ['Mail.ReadBasic.All'],
      throttled: 0,
      waitedMs: 0,
      probableCause: null,
    });
    const healthy = {
      status: 200,
      body: {
        status: 'healthy',
        lastCompletedRun: body.id,
        nextRunExpectedBy: expect.stringMatching(/Z$/),
        problems: [],
      },
    };
    // The look before the run serves for two seconds.
    await until(async () => expect(await app.get('health')).toMatchObject(healthy));
  });
});

describe('lists', () => {
  it.each([1, 7, 46, 1_000])('of mailboxes, %i a page, hold each mailbox once while runs write', async (top) => {
    const values = await follow(`mailboxes?top=${top}`, async () => {
      if (top === 7) await run();
    });
    const names = values.map(({ mailbox }) => mailbox);
    expect(names).toEqual(['support@contoso.example', ...users]);
  });

  it('of mailboxes filter by verdict, expectation and beginning; the next link keeps these but no key', async () => {
    const response = await app.get('mailboxes?expectation=denied&startsWith=User0001&top=4&code=secret&clientId=me');
    const { value, nextLink } = response.body as { value: { mailbox: string }[]; nextLink: string };
    expect(value.map(({ mailbox }) => mailbox)).toEqual(users.slice(9, 13));
    expect(nextLink).toMatch(/expectation=denied&startsWith=User0001&top=4&after=/);
    expect(nextLink).not.toMatch(/secret|clientId/);
    expect((await app.get('mailboxes?verdict=breach')).body).toEqual({ value: [] });
    expect((await app.get('mailboxes?expectation=allowed')).body.value).toMatchObject([
      { latestSubject: expect.any(String) },
    ]);
  });

  it('of drift and of runs are newest first', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    await run();
    await tenant.put('policy', { mechanism: 'application-access-policy', members: ['support@contoso.example'] });
    await run();
    const drift = await follow('drift?top=10');
    expect(drift).toHaveLength(45);
    expect(drift.map(({ mailbox }) => mailbox)).toEqual(users);
    expect(drift[0]).toMatchObject({ kind: 'breach', closedBecause: 'refused', evidence: { opened: { status: 200 } } });
    expect((await app.get('drift?open=true')).body).toEqual({ value: [] });
    expect((await app.get(`drift?open=false&kind=breach&mailbox=${users[3]}`)).body.value).toHaveLength(1);
    const numbers = (await follow('runs?top=2')).map(({ number }) => Number(number));
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    expect(numbers.at(-1)).toBe(1);
  });

  it('of observations are newest first, within the time range', async () => {
    const [mailbox = ''] = users;
    const all = await follow(`mailboxes/${mailbox}/history?top=2`);
    const times = all.map(({ checkedAt }) => String(checkedAt));
    expect(times).toEqual(times.toSorted().reverse());
    expect(all[0]).toEqual({
      mailbox,
      runId: expect.stringMatching(/^\d{8}T\d{6}Z-\d+$/),
      checkedAt: expect.any(String),
      outcome: 'refused',
      reason: null,
      status: 403,
      code: 'ErrorAccessDenied',
      messageClass: 'application-access-policy',
      requestId: expect.any(String),
      clientRequestId: expect.any(String),
      batchRequestId: expect.any(String),
      durationMs: expect.any(Number),
      attempts: 1,
      controlHeld: true,
    });
    const [newest = '', second = ''] = times;
    const between = await follow(`mailboxes/${mailbox}/history?from=${second}&to=${newest}`);
    expect(between.map(({ checkedAt }) => checkedAt)).toEqual([second]);
  });
});

describe('a table that is longer than its page', () => {
  /** Follows the links of a table to its end; calls `between` after each page. */
  async function followTable(path: string, top: number, between: () => Promise<void> = async () => undefined) {
    const rows: Record<string, string>[] = [];
    for (let next: string | undefined = `${app.host.url}/api/${path}`; next !== undefined; ) {
      const answer = await fetch(next);
      const page: Record<string, string>[] = parse(await answer.text(), { bom: true, columns: true });
      [, next] = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '') ?? [];
      expect(next === undefined ? page.length <= top : page.length === top).toBe(true);
      rows.push(...page);
      await between();
    }
    return rows;
  }

  it.each([7, 23, 45])('of mailboxes, %i rows a page, has each once, also while a run writes', async (top) => {
    const rows = await followTable(`mailboxes?format=csv&top=${top}`, top, async () => {
      if (top === 23) await run();
    });
    expect(rows.map(({ mailbox }) => mailbox)).toEqual(['support@contoso.example', ...users]);
  });

  it('of drift and of runs has each once', async () => {
    const drift = await followTable('drift?format=csv&top=10', 10);
    expect(drift.map(({ mailbox }) => mailbox)).toEqual(users);
    const ids = (await follow('runs')).map(({ id }) => id);
    expect((await followTable('runs?format=csv&top=2', 2)).map(({ id }) => id)).toEqual(ids);
  });
});

describe('one mailbox or run', () => {
  it('is answered completely, or with not found', async () => {
    expect((await app.get(`mailboxes/${users[0]?.toUpperCase()}`)).body).toMatchObject({
      verdict: 'compliant',
      stale: false,
    });
    expect(await app.get('mailboxes/other@contoso.example')).toMatchObject({
      status: 404,
      body: { code: 'mailbox-not-listed' },
    });
    expect(await app.get('mailboxes/nobody')).toMatchObject({ status: 400, body: { code: 'mailbox-invalid' } });
    expect(await app.get('runs/20260101T000000Z-1')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await app.get('runs/..%2F..')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await app.get('mailboxes/nobody/history')).toMatchObject({ status: 400, body: { code: 'mailbox-invalid' } });
  });
});

describe('a parameter', () => {
  it.each([
    ['mailboxes?top=0', 'The query parameter top is "0". Use a whole number from 1 to 1000.'],
    ['mailboxes?top=1001', 'The query parameter top is "1001". Use a whole number from 1 to 1000.'],
    ['runs?top=ten', 'The query parameter top is "ten". Use a whole number from 1 to 1000.'],
    ['runs?top=1&top=2', 'The query parameter top is "1,2". Use a whole number from 1 to 1000.'],
    ['runs?after=%%%', undefined],
    ['runs?after=!', 'The query parameter after is "!". Use the value from a nextLink.'],
    [
      'mailboxes?verdict=fine',
      'The query parameter verdict is "fine". Use one of compliant, breach, lockout, unverified, pending.',
    ],
    ['mailboxes?expectation=maybe', 'The query parameter expectation is "maybe". Use one of allowed, denied.'],
    ['mailboxes?startsWith=a/b', 'The query parameter startsWith is "a/b". Use the beginning of a mailbox’s name.'],
    ['drift?open=yes', 'The query parameter open is "yes". Use one of true, false.'],
    ['drift?kind=pending', 'The query parameter kind is "pending". Use one of breach, lockout, unverified.'],
    ['drift?mailbox=x', 'The query parameter mailbox is "x". Use a user principal name or a directory object id.'],
    [
      'mailboxes/a@x/history?from=yesterday',
      'The query parameter from is "yesterday". Use a time such as 2026-11-23T08:15:00Z, or a date.',
    ],
    ['mailboxes/a@x/history?from=2026-02-01&to=2026-01-01', 'The query parameter from must be earlier than to.'],
    [
      `mailboxes?after=${Buffer.from('drift:').toString('base64url')}`,
      'The query parameter after is from another list. Use its nextLink.',
    ],
    [
      `mailboxes/a@x/history?after=${Buffer.from('202611/b@x~1').toString('base64url')}`,
      'The query parameter after is from another list. Use its nextLink.',
    ],
    [
      `runs?after=${Buffer.from('mailbox:a@x').toString('base64url')}`,
      'The query parameter after is from another list. Use its nextLink.',
    ],
    [
      'mailboxes?startsWith=c&startsWith=c',
      'The query parameter startsWith is "c,c". Use the beginning of a mailbox’s name.',
    ],
    ['runs?scope=default&scope=default', 'The query parameter scope is "default,default". Use the name of one scope.'],
    ['metrics?scope=a&scope=b', 'The query parameter scope is "a,b". Use the name of one scope.'],
    [
      'drift?since=2026-02-30',
      'The query parameter since is "2026-02-30". Use a time such as 2026-11-23T08:15:00Z, or a date.',
    ],
    [
      'runs?status=running',
      'This route has no query parameter "status". It takes top, maxpagesize, after, format, scope.',
    ],
  ])('that is wrong is named: %s', async (path, detail) => {
    const { status, body } = await app.get(path);
    expect(status).toBe(400);
    if (detail !== undefined) expect(body).toMatchObject({ code: 'parameter-invalid', detail });
  });
});
