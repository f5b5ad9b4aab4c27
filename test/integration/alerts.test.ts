// Alerts with real tables and a real receiver: every fault of a receiver, a crash at each step, and the text of each alert.

import { TableClient } from '@azure/data-tables';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { deliverSample } from '../../src/alerts/deliverSample.ts';
import { health } from '../../src/reads/health.ts';
import { listDrift } from '../../src/reads/history.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { poll } from '../../src/runs/poll.ts';
import { planRun } from '../../src/runs/startRun.ts';
import { invertedNumber } from '../../src/storage/keys.ts';
import { startServer, WEBHOOK_SECRET } from '../support/localApp.ts';
import { until } from '../support/until.ts';
import { createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

const SUPPORT = 'support@contoso.example';
const HOUR = 3_600_000;
const users = (count: number) =>
  Array.from({ length: count }, (_, index) => `user${String(index + 1).padStart(5, '0')}@contoso.example`);

beforeAll(async () => {
  world = await startWorld();
  await world.tenant.post('mailboxes', { count: 40 });
});

afterAll(() => world.close());

beforeEach(async () => {
  await world.tenant.put('faults', {});
  await world.tenant.put('receiver', {});
  await world.tenant.put('roles', { roles: ['Mail.ReadBasic.All'] });
  await policy(SUPPORT);
});

const policy = (...members: string[]) =>
  world.tenant.put('policy', { mechanism: 'application-access-policy', members });
const removePolicy = () => world.tenant.put('policy', { mechanism: 'none' });

function settings(more: Record<string, string> = {}) {
  const ALERT_WEBHOOK_URL = `${world.tenant.sandbox.url}/sandbox/webhook`;
  const DENIED_MAILBOXES = users(3).join(' ');
  return world.settings({ ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET: WEBHOOK_SECRET, DENIED_MAILBOXES, ...more });
}

interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: {
    id: string;
    data: { headline: string; advice: string[]; notices: string[]; items: Record<string, unknown>[] };
  };
  readonly answered: number | null;
  readonly signatureValid: boolean | null;
}

/** The deliveries since the last call. */
async function deliveries(): Promise<readonly Delivery[]> {
  const response = await fetch(`${world.tenant.sandbox.url}/sandbox/alerts`);
  const { value } = (await response.json()) as { readonly value: readonly Delivery[] };
  const fresh = value.slice(seen);
  seen = value.length;
  return fresh;
}
let seen = 0;

const headlines = async () => (await deliveries()).map(({ body }) => body.data.headline);

/** Handles messages as the queue does: tries each up to five times. */
async function drainAlerts(app: TestApp, tries = 5): Promise<void> {
  for (const runId of app.alerts.splice(0)) {
    for (let left = tries; left > 0; left -= 1) {
      if (
        await deliverAlert(app, { runId }).then(
          () => true,
          () => false,
        )
      )
        break;
    }
  }
}

async function runAndAlert(app: TestApp): Promise<readonly string[]> {
  await poll(app);
  await drainAlerts(app);
  return headlines();
}

describe('the story of a policy', () => {
  it('gives one alert and one recovery, signed, with evidence and cause', async () => {
    await headlines();
    const app = createApp(settings());
    expect(await runAndAlert(app)).toEqual([]);
    expect(await runAndAlert(app)).toEqual([]);

    await removePolicy();
    await poll(app);
    await drainAlerts(app);
    const [alert, ...others] = await deliveries();
    expect(others).toEqual([]);
    const [run] = (await listRuns(app, 1, '')).items;
    expect(alert).toMatchObject({
      answered: 200,
      signatureValid: true,
      body: { id: run?.id, type: 'mailscope.alert' },
    });
    expect(alert?.body.data.headline).toBe('Mailscope: 3 breaches opened');
    expect(alert?.body.data.items).toHaveLength(3);
    expect(alert?.body.data.items[0]).toMatchObject({
      kind: 'breach',
      mailbox: users(1)[0],
      since: run?.startedAt,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      probableCause: expect.stringMatching(/^The policy is gone, or no longer names this app/),
    });
    expect(run?.probableCause).toMatch(/^The policy is gone/);
    const { headers, body } = alert as Delivery;
    expect(headers['webhook-id']).toBe(run?.id);
    expect(() => new Webhook(WEBHOOK_SECRET).verify(JSON.stringify(body), headers)).not.toThrow();

    expect(await runAndAlert(app)).toEqual([]);
    await policy(SUPPORT);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 3 breaches recovered']);
    expect(await runAndAlert(app)).toEqual([]);
  });

  it('with many mailboxes is one alert that names twenty', async () => {
    await headlines();
    const app = createApp(settings({ DENIED_MAILBOXES: users(40).join(' ') }));
    await runAndAlert(app);
    await removePolicy();
    await poll(app);
    await drainAlerts(app);
    const [alert] = await deliveries();
    expect(alert?.body.data.headline).toBe('Mailscope: 40 breaches opened');
    expect(alert?.body.data.items).toHaveLength(20);
    await policy(SUPPORT);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 40 breaches recovered']);
  });
});

describe('alerts', () => {
  it('that begin late announce drift that is already open', async () => {
    await headlines();
    const silent = settings({ ALERT_WEBHOOK_URL: '', ALERT_WEBHOOK_SECRET: '' });
    const before = createApp(silent);
    await runAndAlert(before);
    await removePolicy();
    expect(await runAndAlert(before)).toEqual([]);
    const app = createApp({ ...silent, ALERT_WEBHOOK_URL: `${world.tenant.sandbox.url}/sandbox/webhook` });
    expect(await runAndAlert(app)).toEqual(['Mailscope: 3 breaches opened']);
  });

  it('repeat drift that stays open, and name drift that ends without a recovery', async () => {
    await headlines();
    const open = settings({ ALERT_REMINDER_HOURS: '24' });
    const app = createApp(open);
    await runAndAlert(app);
    await removePolicy();
    await runAndAlert(app);
    await headlines();
    app.advance(23 * HOUR);
    expect(await runAndAlert(app)).toEqual([]);
    app.advance(2 * HOUR);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 3 breaches still open']);
    expect(await runAndAlert(app)).toEqual([]);
    const fewer = createApp({ ...open, DENIED_MAILBOXES: users(2).join(' ') });
    fewer.advance(25 * HOUR + 60_000);
    expect(await runAndAlert(fewer)).toEqual(['Mailscope: 1 breach no longer judged']);
  });

  it('say once that the monitor is blind, and once that it sees again', async () => {
    await headlines();
    const app = createApp(settings({ UNVERIFIED_AFTER_RUNS: '2', LOCKOUT_AFTER_RUNS: '9' }));
    await runAndAlert(app);
    await policy();
    expect(await runAndAlert(app)).toEqual([]);
    await poll(app);
    await drainAlerts(app);
    const [blind] = await deliveries();
    expect(blind?.body.data.notices[0]).toMatch(
      /^The monitor is blind: .* 3 mailboxes are unverified because of this\./,
    );
    expect(blind?.body.data.items).toEqual([]);
    expect(await runAndAlert(app)).toEqual([]);
    await policy(SUPPORT);
    await poll(app);
    await drainAlerts(app);
    const [seeing] = await deliveries();
    expect(seeing?.body.data.notices).toEqual([
      'The monitor sees again: it could read an allowed mailbox before and after the others.',
    ]);
  });

  it('announce a read role that is gained and lost', async () => {
    await headlines();
    const app = createApp(settings());
    await runAndAlert(app);
    // This process has cached its token, so another process sees the role first.
    await world.tenant.put('roles', { roles: ['Mail.Read', 'Mail.ReadBasic.All'] });
    await world.tenant.put('faults', {
      mailboxes: { [SUPPORT]: { status: 401, code: 'InvalidAuthenticationToken', times: 1 } },
    });
    await poll(app);
    await drainAlerts(app);
    const [gained] = await deliveries();
    expect(gained?.body.data.notices[0]).toMatch(/^The token gained Mail\.Read\./);
    expect(await runAndAlert(app)).toEqual([]);
  });

  it('in a pause announce only breaches, and the rest after it', async () => {
    await headlines();
    const pause = new Date(Date.now() + HOUR).toISOString();
    const both = { ALLOWED_MAILBOXES: `${SUPPORT} hr@contoso.example`, LOCKOUT_AFTER_RUNS: '1' };
    const app = createApp(settings({ ...both, PAUSE_ALERTS_UNTIL: pause }));
    await policy(SUPPORT, 'hr@contoso.example');
    await runAndAlert(app);
    await policy(SUPPORT, users(1)[0] ?? '');
    expect(await runAndAlert(app)).toEqual(['Mailscope: 1 breach opened']);
    expect(await health(app)).toMatchObject({ status: 'healthy', alertsPausedUntil: pause });
    app.advance(2 * HOUR);
    // The message of the run in the pause comes again: it has nothing to tell any more.
    const [last] = (await listRuns(app, 1, '')).items;
    await deliverAlert(app, { runId: last?.id ?? '' });
    expect(await headlines()).toEqual([]);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 1 lockout opened']);
  });

  it('announce an incomplete run', async () => {
    await headlines();
    const app = createApp(settings());
    await runAndAlert(app);
    await planRun(app, 'request');
    app.advance(121_000);
    await poll(app);
    await drainAlerts(app);
    const [alert] = await deliveries();
    expect(alert?.body.data.notices).toEqual([
      expect.stringMatching(/^The run \S+-2 is incomplete: 1 of 1 shards did not finish\.$/),
    ]);
  });
});

describe('a receiver that', () => {
  it.each([
    ['refuses', { mode: 'refuse', times: 2 }],
    ['cuts its answer', { mode: 'cut', times: 2 }],
    ['answers 500', { status: 500, times: 3 }],
    ['answers 429', { status: 429, retryAfterSeconds: 1, times: 1 }],
    ['answers 408', { status: 408, times: 1 }],
    ['answers ten megabytes', { mode: 'large', times: 1 }],
  ])('%s gets the alert by the queue’s next tries, under one id', async (_, fault) => {
    await headlines();
    const app = createApp(settings());
    await runAndAlert(app);
    await removePolicy();
    await world.tenant.put('receiver', fault);
    await poll(app);
    await drainAlerts(app);
    const got = await deliveries();
    expect(new Set(got.map(({ body }) => body.id)).size).toBe(1);
    expect(got.at(-1)).toMatchObject({ answered: 200 });
    expect((await health(app)).problems).toEqual([]);
  });

  it.each([
    ['is gone', { status: 410, times: 1 }, 'The webhook answered 410.'],
    ['redirects', { mode: 'redirect', times: 1 }, 'The webhook answered 302.'],
    ['is broken for long', { status: 503, times: 5 }, 'The webhook answered 503.'],
  ])('%s is shown by health, and gets the same alert with the next run', async (_, fault, error) => {
    await headlines();
    const app = createApp(settings());
    await runAndAlert(app);
    await removePolicy();
    await world.tenant.put('receiver', fault);
    await poll(app);
    await drainAlerts(app);
    expect(await health(app)).toMatchObject({ problems: [{ code: 'alert-undelivered', detail: error }] });
    const [first] = await deliveries();
    expect(await runAndAlert(app)).toEqual(['Mailscope: 3 breaches opened']);
    seen -= 1;
    expect((await deliveries())[0]?.body).toEqual(first?.body);
    expect((await health(app)).problems).toEqual([]);
    await policy(SUPPORT);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 3 breaches recovered']);
  });

  const throttled =
    'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=8259.';

  it.each([
    ['Teams that passes on a 429', 'teams', { status: 200, body: throttled }, 'again'],
    ['Teams that passes on a 400', 'teams', { status: 200, body: throttled.replace('429', '400') }, 'refused'],
    ['Teams that fails without a status', 'teams', { status: 200, body: 'Webhook message delivery failed.' }, 'again'],
    ['Teams that takes the message', 'teams', { status: 200, body: '1' }, 'accepted'],
    ['another receiver with such a text', 'cloudevents', { status: 200, body: throttled }, 'accepted'],
    ['Slack that takes the message', 'slack', { status: 200, body: 'ok' }, 'accepted'],
  ])('is %s is believed: %#', async (_, format, answer, result) => {
    await world.tenant.put('receiver', { ...answer, times: 1 });
    const app = createApp(settings({ ALERT_WEBHOOK_FORMAT: format }));
    const { alerts } = app.settings();
    if (!alerts) throw new Error('there is a receiver');
    expect(await deliverSample(app, alerts)).toMatchObject({ result, status: 200 });
  });

  it.each([
    ['invalid_blocks', 'The webhook answered 400: invalid_blocks.', 'invalid_blocks'],
    ['invalid_blocks\n', 'The webhook answered 400: invalid_blocks.', 'invalid_blocks'],
    [
      'No such user: cch@contoso.example\n::error::\u001b[2J',
      'The webhook answered 400.',
      'No such user: cch@contoso.example ::error::\u{FFFD}[2J',
    ],
    ['x '.repeat(70_000), 'The webhook answered 400.', `${'x '.repeat(99)}x…`],
    ['', 'The webhook answered 400.', null],
  ])('gives a reason is quoted, but health shows no names: %#', async (body, error, answer) => {
    await world.tenant.put('receiver', { status: 400, body, times: 2 });
    const app = createApp(settings());
    const { alerts } = app.settings();
    if (!alerts) throw new Error('there is a receiver');
    expect(await deliverSample(app, alerts)).toEqual({ result: 'refused', status: 400, error, answer });
    await removePolicy();
    await poll(app);
    await drainAlerts(app, 1);
    expect((await health(app)).problems).toEqual([{ code: 'alert-undelivered', detail: error }]);
    expect(app.logs.find(({ event }) => event === 'alert.refused')?.answer ?? null).toBe(answer);
    await deliveries();
  });
});

describe('an unverified mailbox', () => {
  it('that turns out to be a breach has not recovered', async () => {
    await headlines();
    const app = createApp(settings({ DENIED_MAILBOXES: users(2).join(' '), UNVERIFIED_AFTER_RUNS: '1' }));
    await runAndAlert(app);
    const gone = { status: 404, code: 'ErrorInvalidUser' };
    await world.tenant.put('faults', { mailboxes: Object.fromEntries(users(2).map((user) => [user, gone])) });
    expect(await runAndAlert(app)).toEqual(['Mailscope: 2 mailboxes unverified opened']);
    await world.tenant.put('faults', {});
    await policy(SUPPORT, users(1)[0] ?? '');
    await poll(app);
    await drainAlerts(app);
    const [alert] = await deliveries();
    expect(alert?.body.data.headline).toBe(
      'Mailscope: 1 breach opened, 1 mailbox unverified found not as declared, 1 mailbox unverified recovered',
    );
    expect(alert?.body.data.items).toMatchObject([
      { happening: 'opened', kind: 'breach', mailbox: users(2)[0] },
      { happening: 'changed', kind: 'unverified', mailbox: users(2)[0], closedBecause: 'readable' },
      { happening: 'recovered', kind: 'unverified', mailbox: users(2)[1], closedBecause: 'refused' },
    ]);
    const { items } = await listDrift(app, { kind: 'unverified' }, 10, '');
    expect(items.map(({ mailbox, recovered }) => [mailbox, recovered]).sort()).toEqual([
      [users(2)[0], false],
      [users(2)[1], true],
    ]);
  });

  it('that is allowed and refused once has not recovered either', async () => {
    await headlines();
    const hr = 'hr@contoso.example';
    await policy(SUPPORT, hr);
    const app = createApp(settings({ ALLOWED_MAILBOXES: `${SUPPORT} ${hr}`, UNVERIFIED_AFTER_RUNS: '1' }));
    await runAndAlert(app);
    await world.tenant.put('faults', { mailboxes: { [hr]: { status: 404, code: 'ErrorInvalidUser' } } });
    await runAndAlert(app);
    await world.tenant.put('faults', {});
    await policy(SUPPORT);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 1 mailbox unverified found not as declared']);
    expect(await runAndAlert(app)).toEqual(['Mailscope: 1 lockout opened']);
  });
});

describe('a backlog', () => {
  it('of a thousand runs is read in pages, not run by run', async () => {
    await headlines();
    const base = settings();
    const app = createApp(base);
    await runAndAlert(app);
    await addIncompleteRuns(base.AzureWebJobsStorage ?? '', 1_000);
    const reads = { list: 0, get: 0 };
    const { runs } = app.storage();
    const { list, get } = runs;
    Object.assign(runs, {
      list(...args: Parameters<typeof list>) {
        reads.list += 1;
        return list(...args);
      },
      get(...args: Parameters<typeof get>) {
        reads.get += 1;
        return get(...args);
      },
    });
    await deliverAlert(app, { runId: 'of no run' });
    const [alert] = await deliveries();
    expect(alert?.body.data.notices).toHaveLength(11);
    expect(alert?.body.data.notices[0]).toMatch(/^Runs before \S+-992 may have more to tell\./);
    expect(alert?.body.data.notices.at(-1)).toMatch(/^The run \S+-1001 is incomplete/);
    // Twice to find what is due, once for the notices, and once more to find that nothing is left.
    expect(reads.list).toBeLessThanOrEqual(6);
    expect(reads.get).toBeLessThanOrEqual(2);
  });

  /** Copies of the first run, as incomplete runs after it. */
  async function addIncompleteRuns(connection: string, count: number): Promise<void> {
    const table = TableClient.fromConnectionString(connection, 'Runs', { allowInsecureConnection: true });
    const first = await table.getEntity<{ id: string }>('run', invertedNumber(1));
    const { etag: _, timestamp: __, 'odata.metadata': ___, ...copied } = first as Record<string, unknown>;
    const rows = Array.from({ length: count }, (_, index) => {
      const number = index + 2;
      const id = first.id.replace(/-1$/, `-${number}`);
      return { ...copied, partitionKey: 'run', rowKey: invertedNumber(number), number, id, status: 'incomplete' };
    });
    for (let from = 0; from < rows.length; from += 100) {
      await table.submitTransaction(rows.slice(from, from + 100).map((row) => ['create', row]));
    }
  }
});

describe('a process that dies', () => {
  it('before any write of the chain loses no alert, and sends none under two ids', async () => {
    for (let fatal = 1; ; fatal += 1) {
      await headlines();
      const base = settings();
      const healthy = createApp(base);
      await policy(SUPPORT);
      await runAndAlert(healthy);
      await removePolicy();
      await poll(healthy);
      const [runId = ''] = healthy.alerts.splice(0);
      let writes = 0;
      const dying = createApp(base, () => {
        writes += 1;
        if (writes === fatal) throw new Error('killed');
      });
      const died = await deliverAlert(dying, { runId }).then(
        () => false,
        () => true,
      );
      // The queue gives the message to another process.
      const next = createApp(base);
      next.advance(16_000);
      await deliverAlert(next, { runId });
      const got = await deliveries();
      expect(got.length, `killed before write ${fatal}`).toBeGreaterThanOrEqual(1);
      expect(got.length).toBeLessThanOrEqual(2);
      expect(new Set(got.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      if (!died) break;
    }
  });

  it('while others deliver the same alert leaves exactly one', async () => {
    await headlines();
    const app = createApp(settings());
    await runAndAlert(app);
    await removePolicy();
    await poll(app);
    const [runId = ''] = app.alerts.splice(0);
    await Promise.all([1, 2, 3, 4].map(() => deliverAlert(app, { runId })));
    expect(await headlines()).toEqual(['Mailscope: 3 breaches opened']);
  });
});

describe('the heartbeat', () => {
  it('is called after every completed run, and a failed one is a log line', async () => {
    let beats = 0;
    const url = await startServer((_, response) => {
      beats += 1;
      response.writeHead(beats === 1 ? 200 : 500).end();
    });
    const app = createApp(settings({ HEARTBEAT_URL: `${url}/secret-path` }));
    await poll(app);
    await poll(app);
    expect(beats).toBe(2);
    expect(app.logs.filter(({ event }) => event === 'heartbeat.failed')).toEqual([
      { event: 'heartbeat.failed', scope: 'default', status: 500 },
    ]);
    expect(JSON.stringify(app.logs)).not.toContain('secret-path');
  });

  it.each([200, 500])('whose answer of %i is large or never ends holds no connection', async (status) => {
    const open = new Set<object>();
    let beats = 0;
    const url = await startServer((request, response) => {
      open.add(request.socket);
      request.socket.once('close', () => open.delete(request.socket));
      beats += 1;
      response.writeHead(status);
      // The first is ten megabytes, the others go on for ever.
      if (beats === 1) response.end(Buffer.alloc(10 * 1024 * 1024));
      else response.write('still writing');
    });
    const app = createApp(settings({ HEARTBEAT_URL: url }));
    for (let run = 0; run < 3; run += 1) await poll(app);
    expect(beats).toBe(3);
    await until(() => expect(open.size).toBe(0));
  });
});
