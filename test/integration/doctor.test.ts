// The doctor as a real process of the bundle, for a healthy set-up and for broken ones.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type RequestListener, request } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AzureNamedKeyCredential, generateAccountSas, TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';
import type { CheckReport, DoctorReport, ScopeReport } from '../../src/doctor/examine.ts';
import type { Finding, Result } from '../../src/rules/doctor/finding.ts';
import { startRun } from '../../src/runs/startRun.ts';
import { createServices } from '../../src/services.ts';
import { createCertificate } from '../support/certificate.ts';
import { DEAD_PORT, type Emulator, startEmulator } from '../support/emulator.ts';
import { ROOT, type Switches, startServer, startTenant, WEBHOOK_SECRET } from '../support/localApp.ts';
import { CLIENT_ID, startTokenService, TENANT_ID } from '../support/tokenService.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const SUBJECT = 'Salaries of the board';
const HIDDEN = 'a-path-that-whoever-has-it-may-post-to';
const CLIENT_SECRET = 'a secret of the sandbox';

let tenant: Switches;
let emulator: Emulator;
let folder: string;
let account: string;
let settings: Record<string, string>;

beforeAll(async () => {
  [tenant, emulator, folder] = await Promise.all([
    startTenant(),
    startEmulator(),
    mkdtemp(join(tmpdir(), 'mailscope-')),
  ]);
  for (const mailbox of [SUPPORT, CCH]) await tenant.post('messages', { mailbox, subject: SUBJECT });
});

afterAll(async () => {
  await Promise.all([tenant.sandbox.close(), emulator.part.stop(), rm(folder, { recursive: true })]);
});

beforeEach(async () => {
  await tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
  await tenant.put('roles', { roles: ['Mail.ReadBasic.All'] });
  await tenant.put('faults', {});
  await tenant.put('receiver', {});
  const { url } = tenant.sandbox;
  account = emulator.nextAccount();
  settings = {
    PATH: process.env.PATH ?? '',
    ALLOWED_MAILBOXES: SUPPORT,
    DENIED_MAILBOXES: CCH,
    GRAPH_ENDPOINT: url,
    IDENTITY_ENDPOINT: `${url}/msi/token`,
    IDENTITY_HEADER: 'sandbox',
    AzureWebJobsStorage: account,
  };
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], more: Record<string, string> = {}, file = 'dist/cli.js'): Promise<Ended> {
  const env = { ...settings, ...more };
  const child = spawn(process.execPath, [join(ROOT, file), 'doctor', ...args], { cwd: folder, env });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  const [, key = ''] = /AccountKey=([^;]+)/.exec(account) ?? [];
  for (const secret of [SUBJECT, HIDDEN, CLIENT_SECRET, key, 'eyJ', WEBHOOK_SECRET]) {
    expect(stdout + stderr).not.toContain(secret);
  }
  expect(stderr).not.toMatch(/^\s+at /m);
  return { code, stdout, stderr };
}

interface Examined {
  readonly code: number | null;
  readonly report: DoctorReport;
  /** The results of the checks that are not ok, by name. */
  readonly results: Readonly<Record<string, Result>>;
}

async function examined(more: Record<string, string> = {}, args: readonly string[] = []): Promise<Examined> {
  const { code, stdout } = await run(['--json', ...args], more);
  const report = JSON.parse(stdout) as DoctorReport;
  const notWell = report.checks.filter(({ result }) => result !== 'ok');
  return { code, report, results: Object.fromEntries(notWell.map(({ name, result }) => [name, result])) };
}

function check({ report }: Examined, name: string): CheckReport {
  const found = report.checks.find((one) => one.name === name);
  if (!found) throw new Error(`there is no check ${name}`);
  return found;
}

/** The findings of a check that are not ok. */
function faultsOf(found: Examined, name: string): Finding[] {
  return check(found, name).findings.filter(({ result }) => result !== 'ok');
}

function saying(words: string) {
  return { says: expect.stringContaining(words), advice: expect.stringMatching(/./) };
}

// Without a webhook and a heartbeat.
const UNWATCHED = { webhook: 'skipped', heartbeat: 'skipped' };

describe('a healthy set-up', () => {
  it('has no problem, and the doctor leaves nothing behind', async () => {
    const calls: string[] = [];
    const url = await startServer((incoming, response) => {
      calls.push(incoming.url ?? '');
      response.end();
    });
    const watched = { ALERT_WEBHOOK_URL: `${url}/${HIDDEN}`, HEARTBEAT_URL: `${url}/${HIDDEN}` };
    const { code, stdout, stderr } = await run([], watched);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/\n\nHealthy\. 16 checks: 16 ok\.\n$/);
    expect(stdout).toContain(`Readable, as declared: ${SUPPORT} (200, request `);
    expect(stdout).toContain(`Refused, as declared: ${CCH} (403 ErrorAccessDenied, request `);
    expect(stdout).toContain(`The webhook's host ${new URL(url).host} can be reached.`);
    expect(calls).toEqual([]);

    const tables = TableServiceClient.fromConnectionString(account, { allowInsecureConnection: true });
    for await (const { name } of tables.listTables()) expect.unreachable(`the table ${name} is left`);
    const queues = QueueServiceClient.fromConnectionString(account);
    for await (const { name } of queues.listQueues()) expect.unreachable(`the queue ${name} is left`);
  });

  it('under RBAC for Applications is recognized without a role in Entra', async () => {
    await tenant.put('policy', { mechanism: 'rbac', members: [SUPPORT] });
    await tenant.put('roles', { roles: [] });
    const found = await examined();
    expect(found).toMatchObject({ code: 0, results: UNWATCHED });
    expect(check(found, 'permission').findings).toMatchObject([saying('so RBAC for Applications grants the access')]);
  });

  it('with a role that is wider than needed gets advice', async () => {
    await tenant.put('roles', { roles: ['Mail.ReadWrite'] });
    const found = await examined();
    expect(found).toMatchObject({ code: 0, results: UNWATCHED });
    expect(check(found, 'permission').findings).toMatchObject([
      {
        says: expect.stringContaining('an application access policy limits it'),
        advice: 'Mail.ReadBasic is enough and could replace Mail.ReadWrite.',
      },
    ]);
  });

  it('works for npm run doctor', async () => {
    const child = spawn(process.execPath, [join(ROOT, 'scripts/run.mjs'), 'doctor', '--json'], {
      env: { ...settings, npm_lifecycle_event: '' },
    });
    expect(JSON.parse(await text(child.stdout))).toMatchObject({ result: 'healthy' });
  });
});

describe('broken storage is named', () => {
  it('when nothing answers there', async () => {
    const found = await examined({ AzureWebJobsStorage: emulatorConnection(DEAD_PORT) });
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, tables: 'problem', queues: 'problem' } });
    expect(faultsOf(found, 'tables')).toMatchObject([saying('The table service cannot be reached (ECONNREFUSED)')]);
    expect(faultsOf(found, 'queues')).toMatchObject([saying('The queue service cannot be reached (ECONNREFUSED)')]);
  });

  it('when the key is wrong', async () => {
    const wrong = account.replace(/AccountKey=[^;]+/, `AccountKey=${Buffer.from('another key').toString('base64')}`);
    const found = await examined({ AzureWebJobsStorage: wrong });
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, tables: 'problem', queues: 'problem' } });
    for (const name of ['tables', 'queues']) {
      expect(faultsOf(found, name)).toMatchObject([
        {
          says: expect.stringContaining(': 403'),
          advice: expect.stringContaining('Check that the key is still valid'),
        },
      ]);
    }
  });

  it('when it allows reading but not writing', async () => {
    const parts = Object.fromEntries(account.split(';').map((part) => part.split(/=(.*)/, 2)));
    const credential = new AzureNamedKeyCredential(parts.AccountName, parts.AccountKey);
    const permissions = { query: true, list: true };
    const sas = generateAccountSas(credential, { expiresOn: new Date(Date.now() + 3_600_000), permissions });
    const { QueueEndpoint, TableEndpoint } = parts;
    const readOnly = `QueueEndpoint=${QueueEndpoint};TableEndpoint=${TableEndpoint};SharedAccessSignature=${sas}`;
    const found = await examined({ AzureWebJobsStorage: readOnly });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem' } });
    expect(faultsOf(found, 'tables')).toMatchObject([saying('did not let Mailscope create, write')]);
  });

  it('when the identity has no token for it', async () => {
    await tenant.put('faults', { token: { status: 400 } });
    const found = await examined({
      AzureWebJobsStorage: '',
      AzureWebJobsStorage__accountName: 'contoso',
      AzureWebJobsStorage__credential: 'managedidentity',
    });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem', queues: 'problem', token: 'problem' } });
    expect(faultsOf(found, 'tables')).toMatchObject([saying('The identity gets no token for the table service')]);
  });

  it('when the list is in a blob that cannot be read', async () => {
    const found = await examined({
      AzureWebJobsStorage: emulatorConnection(DEAD_PORT),
      MAILBOXES_FILE: 'blob:lists/mailboxes.csv',
    });
    expect(found).toMatchObject({ code: 1, results: { list: 'problem', tables: 'problem', allowed: 'skipped' } });
    expect(faultsOf(found, 'list')).toMatchObject([saying('The blob service cannot be reached')]);
  });
});

describe('a broken identity is named', () => {
  it('when it has no token', async () => {
    await tenant.put('faults', { token: { status: 400 } });
    const found = await examined();
    expect(found).toMatchObject({
      code: 1,
      results: { token: 'problem', allowed: 'skipped', denied: 'skipped', names: 'skipped', permission: 'skipped' },
    });
    expect(faultsOf(found, 'token')).toMatchObject([saying('managed-identity gets no token for Graph: ')]);
    expect(faultsOf(found, 'allowed')).toMatchObject([{ says: 'Skipped: there is no token.' }]);
  });

  /** An identity endpoint whose tokens no Graph accepts. */
  function startIdentity(claims: object): Promise<string> {
    return startServer((incoming, response) => {
      const resource = new URL(incoming.url ?? '', 'http://here').searchParams.get('resource');
      const expires_on = String(Math.floor(Date.now() / 1000) + 3_600);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const access_token = `${part({ alg: 'none' })}.${part(claims)}.x`;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ access_token, expires_on, resource, token_type: 'Bearer' }));
    });
  }

  const app = { aud: 'https://graph.microsoft.com', appid: CLIENT_ID, oid: CLIENT_ID, tid: TENANT_ID, idtyp: 'app' };

  it.each([
    ['is for another service', { aud: 'https://graph.microsoft.us' }, 'It is for https://graph.microsoft.us, but'],
    ['is a person’s', { idtyp: 'user', scp: 'User.Read' }, 'The token belongs to a person'],
  ])('when its token %s', async (_, claims, says) => {
    const found = await examined({ IDENTITY_ENDPOINT: await startIdentity({ ...app, ...claims }) });
    expect(found).toMatchObject({ code: 1, results: { token: 'problem', allowed: 'problem' } });
    expect(faultsOf(found, 'token')).toMatchObject([saying(says)]);
    expect(faultsOf(found, 'allowed')).toMatchObject([saying('401 InvalidAuthenticationToken')]);
  });

  it('when it differs from the settings', async () => {
    const tokenService = await startTokenService(tenant.sandbox.url);
    onTestFinished(() => tokenService.close());
    const identity = { GRAPH_IDENTITY: 'app-registration', AZURE_CLIENT_SECRET: CLIENT_SECRET };
    const found = await examined({ ...identity, ...tokenService.settings });
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, token: 'problem' } });
    expect(faultsOf(found, 'token')).toMatchObject([
      saying(`AZURE_CLIENT_ID is ${CLIENT_ID}, but the token says 9b1d2f3a-`),
      saying(`AZURE_TENANT_ID is ${TENANT_ID}, but the token says 3f5c6d1e-`),
    ]);
  });
});

describe('a broken way to Graph is named', () => {
  it('when nothing answers there', async () => {
    const found = await examined({ GRAPH_ENDPOINT: `http://127.0.0.1:${DEAD_PORT}` });
    expect(found).toMatchObject({ code: 1, results: { graph: 'problem', clock: 'skipped', allowed: 'skipped' } });
    expect(faultsOf(found, 'graph')).toMatchObject([saying('cannot be reached (ECONNREFUSED)')]);
    expect(faultsOf(found, 'denied')).toMatchObject([{ says: 'Skipped: Graph cannot be reached.' }]);
  });

  it('when another server answers', async () => {
    const found = await examined({ GRAPH_ENDPOINT: await startServer((_, response) => response.end('Sign in here')) });
    expect(found).toMatchObject({ code: 1, results: { graph: 'problem', allowed: 'problem' } });
    expect(faultsOf(found, 'graph')).toMatchObject([
      saying('answers 200, but Microsoft Graph answers 401 without a token'),
    ]);
  });

  it.each([
    [-3_600_000, 1, 'problem', 'ahead of Graph’s. Tokens and signatures are rejected'],
    [120_000, 0, 'warning', 'This machine’s clock is 1'],
  ])('when the clocks are %i ms apart', async (aheadMs, code, result, says) => {
    const { port } = tenant.sandbox;
    /** The tenant with another clock. */
    const forward: RequestListener = (incoming, response) => {
      const { method, url: path, headers } = incoming;
      const there = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
        const date = new Date(Date.now() + aheadMs).toUTCString();
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, date });
        answer.pipe(response);
      });
      incoming.pipe(there);
    };
    const found = await examined({ GRAPH_ENDPOINT: await startServer(forward) });
    expect(found).toMatchObject({ code, results: { ...UNWATCHED, clock: result } });
    expect(faultsOf(found, 'clock')).toMatchObject([saying(says)]);
  });
});

describe('a broken tenant is named', () => {
  it('when the app holds no role', async () => {
    await tenant.put('roles', { roles: [] });
    const found = await examined();
    expect(found).toMatchObject({ code: 1, results: { allowed: 'problem', denied: 'skipped', permission: 'problem' } });
    expect(faultsOf(found, 'permission')).toMatchObject([saying('no role for reading mail, and nothing can be read')]);
    expect(faultsOf(found, 'denied')).toMatchObject([{ says: expect.stringContaining('a refusal proves nothing') }]);
  });

  it('when the policy is gone', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const found = await examined();
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, denied: 'problem', permission: 'problem' } });
    expect(faultsOf(found, 'denied')).toMatchObject([saying(`Readable, but must be refused: ${CCH} (200`)]);
    expect(faultsOf(found, 'permission')).toMatchObject([saying('nothing limits it')]);
  });

  it('when an allowed mailbox is not in the group', async () => {
    await tenant.put('policy', { members: [] });
    const found = await examined();
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, allowed: 'problem', denied: 'skipped' } });
    expect(faultsOf(found, 'allowed')).toMatchObject([saying(`Refused, but must be readable: ${SUPPORT} (403 `)]);
  });

  it('when names are unknown, or have no mailbox', async () => {
    const denied = `${CCH} alias@contoso.example unlicensed@contoso.example`;
    const found = await examined({ DENIED_MAILBOXES: denied });
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, names: 'problem' } });
    expect(faultsOf(found, 'names')).toMatchObject([
      saying('Graph does not know: alias@contoso.example (404 ErrorInvalidUser'),
      saying('No mailbox that Graph can reach: unlicensed@contoso.example (404 MailboxNotEnabledForRESTAPI'),
    ]);
    expect(faultsOf(found, 'names')[0]?.says).toMatch(/ 4 of 4 listed mailboxes were checked\.$/);
  });

  it('by checking twenty mailboxes of a long list', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `nobody${index}@contoso.example,denied`);
    await writeFile(join(folder, 'long.csv'), ['mailbox,expectation', ...names].join('\n'));
    const before = (await tenant.state()).requests.byMailbox;
    const found = await examined({ MAILBOXES_FILE: 'long.csv' });
    expect(faultsOf(found, 'names')).toMatchObject([saying(' and 14 more. 20 of 302 listed mailboxes')]);
    const after = (await tenant.state()).requests.byMailbox;
    const asked = Object.keys(after).filter((name) => name.startsWith('nobody') && after[name] !== before[name]);
    expect(asked.length).toBeLessThanOrEqual(19);
  });
});

describe('a webhook or a heartbeat that cannot be reached is named', () => {
  it('when its host has no address', async () => {
    const found = await examined({ ALERT_WEBHOOK_URL: `https://hooks.contoso.invalid/${HIDDEN}` });
    expect(found).toMatchObject({ code: 1, results: { webhook: 'problem', heartbeat: 'skipped' } });
    expect(faultsOf(found, 'webhook')).toMatchObject([
      saying("The webhook's host hooks.contoso.invalid has no address ("),
    ]);
  });

  it('when nothing answers there', async () => {
    const found = await examined({ HEARTBEAT_URL: `http://127.0.0.1:${DEAD_PORT}/${HIDDEN}` });
    expect(found).toMatchObject({ code: 1, results: { webhook: 'skipped', heartbeat: 'problem' } });
    expect(faultsOf(found, 'heartbeat')).toMatchObject([
      saying(`The heartbeat's host 127.0.0.1:${DEAD_PORT} does not answer (ECONNREFUSED)`),
    ]);
  });

  it('when its certificate is not trusted', async () => {
    const certificate = await createCertificate();
    const server = createServer(certificate).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.close();
      await certificate.remove();
    });
    const ALERT_WEBHOOK_URL = `https://127.0.0.1:${(server.address() as AddressInfo).port}/${HIDDEN}`;
    const found = await examined({ ALERT_WEBHOOK_URL });
    expect(found).toMatchObject({ code: 1, results: { webhook: 'problem' } });
    expect(faultsOf(found, 'webhook')).toMatchObject([saying('certificate that this machine trusts (DEPTH_ZERO_')]);
    const trusting = await examined({ ALERT_WEBHOOK_URL, NODE_EXTRA_CA_CERTS: certificate.files.cert });
    expect(trusting).toMatchObject({ code: 0, results: { heartbeat: 'skipped' } });
  });
});

describe('a deployment that is set up wrong is named', () => {
  it('when another app uses the same tables', async () => {
    const other = createServices({ ...settings, OWNER: 'func-mailscope' }, () => undefined);
    await startRun(other, 'request');
    const found = await examined({ WEBSITE_SITE_NAME: 'func-other' });
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, owner: 'problem' } });
    expect(faultsOf(found, 'owner')).toMatchObject([saying('The tables belong to "func-mailscope"')]);
    expect(await examined({ OWNER: 'func-mailscope' })).toMatchObject({ code: 0, results: UNWATCHED });
  });

  it('when the platform’s sign-in is off', async () => {
    const entra = { API_AUTH: 'entra', WEBSITE_SITE_NAME: 'func-mailscope' };
    const found = await examined(entra);
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, 'sign-in': 'problem' } });
    expect(faultsOf(found, 'sign-in')).toMatchObject([saying('WEBSITE_AUTH_ENABLED is not True')]);
    const on = await examined({ ...entra, WEBSITE_AUTH_ENABLED: 'True' });
    expect(on).toMatchObject({ code: 0, results: UNWATCHED });
  });

  it('when time zones, references to Key Vault and API_AUTH are wrong, all at once', async () => {
    const found = await examined({
      WEBSITE_SITE_NAME: 'func-mailscope',
      WEBSITE_TIME_ZONE: 'W. Europe Standard Time',
      TZ: 'Europe/Berlin',
      API_AUTH: 'Entra',
      HEARTBEAT_URL: `@Microsoft.KeyVault(VaultName=v;SecretName=${HIDDEN})`,
    });
    expect(found).toMatchObject({ code: 3, results: { settings: 'problem' } });
    expect(faultsOf(found, 'settings')).toMatchObject([
      saying('HEARTBEAT_URL is a reference to Key Vault'),
      saying('API_AUTH is "Entra"'),
      saying('WEBSITE_TIME_ZONE is "W. Europe Standard Time"'),
      saying('TZ is "Europe/Berlin"'),
    ]);
  });
});

describe('--send', () => {
  const deliveries = async () => {
    const answer = await fetch(`${tenant.sandbox.url}/sandbox/alerts`);
    return ((await answer.json()) as { readonly value: readonly object[] }).value.length;
  };
  const watched = () => ({
    ALERT_WEBHOOK_URL: `${tenant.sandbox.url}/sandbox/webhook`,
    ALERT_WEBHOOK_SECRET: WEBHOOK_SECRET,
  });

  it('sends a test alert, and without it none is sent', async () => {
    const before = await deliveries();
    await examined(watched());
    expect(await deliveries()).toBe(before);
    const found = await examined(watched(), ['--send']);
    expect(found).toMatchObject({ code: 0, results: { heartbeat: 'skipped' } });
    expect(check(found, 'webhook').findings).toMatchObject([
      {},
      { says: expect.stringContaining('accepted the test alert') },
    ]);
    expect(await deliveries()).toBe(before + 1);
  });

  it('says that the receiver refuses', async () => {
    await tenant.put('receiver', { status: 410 });
    const found = await examined(watched(), ['--send']);
    expect(found).toMatchObject({ code: 1, results: { webhook: 'problem', heartbeat: 'skipped' } });
    expect(faultsOf(found, 'webhook')).toMatchObject([saying('The webhook answered 410.')]);
  });
});

describe('bad settings', () => {
  it('are all named at once, and the other checks are made', async () => {
    const found = await examined({
      ALLOWED_MAILBOXES: 'support',
      POLL_SCHEDULE: '0 99 * * * *',
      ALERT_WEBHOOK_URL: 'ftp://contoso.example',
      LOCKOUT_AFTER_RUNS: '0',
    });
    expect(found).toMatchObject({ code: 3, report: { result: 'bad-settings' } });
    expect(faultsOf(found, 'settings')).toMatchObject([
      saying('ALLOWED_MAILBOXES names "support"'),
      saying('POLL_SCHEDULE is "0 99 * * * *": "99" does not fit minutes'),
      saying('LOCKOUT_AFTER_RUNS is 0'),
      saying('ALERT_WEBHOOK_URL is not an https address'),
    ]);
    expect(found.results).toEqual({
      settings: 'problem',
      list: 'skipped',
      owner: 'skipped',
      allowed: 'skipped',
      denied: 'skipped',
      names: 'skipped',
      permission: 'skipped',
      schedule: 'skipped',
      ...UNWATCHED,
    });
    expect(faultsOf(found, 'allowed')).toMatchObject([{ says: 'Skipped: ALLOWED_MAILBOXES is wrong.' }]);
    expect(faultsOf(found, 'webhook')).toMatchObject([{ says: 'Skipped: ALERT_WEBHOOK_URL is wrong.' }]);
  });

  it('of one part do not stop the checks of the other parts', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const found = await examined({ AzureWebJobsStorage: 'hunter2' });
    expect(found).toMatchObject({
      code: 3,
      results: { settings: 'problem', tables: 'skipped', queues: 'skipped', denied: 'problem' },
    });
  });

  it('may be in the file of the list', async () => {
    await writeFile(join(folder, 'faulty.csv'), `mailbox,expectation\n${CCH},allowed\nnobody,denied\n`);
    const found = await examined({ MAILBOXES_FILE: 'faulty.csv' });
    expect(found).toMatchObject({ code: 3, results: { settings: 'problem', list: 'skipped', allowed: 'skipped' } });
    expect(faultsOf(found, 'settings')).toMatchObject([
      saying('MAILBOXES_FILE: line 2 declares '),
      saying('MAILBOXES_FILE: line 3 names "nobody"'),
    ]);
  });

  it('may name a blob that does not exist', async () => {
    await BlobServiceClient.fromConnectionString(account).createContainer('lists');
    const found = await examined({ MAILBOXES_FILE: 'blob:lists/mailboxes.csv' });
    expect(found).toMatchObject({ code: 3, results: { settings: 'problem', list: 'skipped' } });
  });

  it.each([
    ["Unknown option '--jsn'", ['--jsn']],
    ['doctor does not know "now".', ['now']],
  ])('on the command line: %s', async (message, args) => {
    expect(await run(args)).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(message) });
  });
});

describe('several scopes', () => {
  const TWO = { SCOPES: 'default, crm', crm__ALLOWED_MAILBOXES: SUPPORT, crm__DENIED_MAILBOXES: 'hr@contoso.example' };

  /** The results of the scopes, and of their checks that are neither ok nor about the missing webhook. */
  async function examinedScopes(more: Record<string, string>, args: readonly string[] = []) {
    const { code, stdout } = await run(['--json', ...args], more);
    const report = JSON.parse(stdout) as DoctorReport & { readonly scopes: readonly ScopeReport[] };
    const scopes = report.scopes.map(({ scope, result, checks }) => {
      const notWell = checks.filter(({ name, result: one }) => one !== 'ok' && !(name in UNWATCHED));
      return [scope, result, ...notWell.map(({ name, result: one }) => `${name} ${one}`)];
    });
    const says = (scope: string, name: string) =>
      report.scopes
        .find((one) => one.scope === scope)
        ?.checks.find((one) => one.name === name)
        ?.findings.map((finding) => finding.says);
    return { code, result: report.result, scopes, says };
  }

  it('are examined each, and the worst result counts', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    const { code, stdout } = await run([], {
      ...TWO,
      default__DENIED_MAILBOXES: '',
      default__ALLOWED_MAILBOXES: SUPPORT,
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Scope default\nok {7}settings [\s\S]*^Scope crm\nok {7}settings /m);
    expect(stdout).toMatch(/\n\nSomething is wrong\. 2 scopes: 1 healthy, 1 unhealthy\.\n$/);
    await tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
    expect((await run([], TWO)).stdout).toMatch(/\n\nHealthy\. 2 scopes: 2 healthy\.\n$/);
  });

  it('share what is the same for all: storage, a host, a token', async () => {
    const written: string[] = [];
    const storage = await startServer(({ method, url = '' }, response) => {
      if (method === 'POST' || method === 'PUT')
        written.push(`${method} ${url.split('?')[0]?.replace(/-\w{32}$/, '')}`);
      response.writeHead(403).end();
    });
    let connections = 0;
    const receiver = createTcpServer(() => {
      connections += 1;
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    onTestFinished(() => void receiver.close());
    const before = (await tenant.state()).requests.byKind.token ?? 0;
    const found = await examinedScopes({
      SCOPES: 's1 s2 s3 s4 s5 s6',
      AzureWebJobsStorage: `TableEndpoint=${storage}/a;QueueEndpoint=${storage}/a;SharedAccessSignature=sig=x`,
      ALERT_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/${HIDDEN}`,
    });
    expect(found.scopes).toHaveLength(6);
    for (const [, ...results] of found.scopes)
      expect(results).toEqual(['unhealthy', 'tables problem', 'queues problem', 'owner skipped']);
    expect(written.sort()).toEqual(['POST /a/Tables', 'PUT /a/mailscope-doctor']);
    expect(connections).toBe(1);
    expect((await tenant.state()).requests.byKind.token).toBe(before + 1);
  });

  it('with bad settings name them as they are written, and the checks of other parts are made', async () => {
    const found = await examinedScopes({ ...TWO, crm__GRAPH_IDENTITY: 'me', crm__HEARTBEAT_URL: 'x' });
    expect(found).toMatchObject({ code: 3, result: 'bad-settings' });
    const skipped = ['token', 'allowed', 'denied', 'names', 'permission'].map((name) => `${name} skipped`);
    expect(found.scopes).toEqual([
      ['default', 'healthy'],
      ['crm', 'bad-settings', 'settings problem', ...skipped],
    ]);
    expect(found.says('crm', 'settings')).toMatchObject([
      expect.stringContaining('crm__GRAPH_IDENTITY is "me"'),
      expect.stringContaining('crm__HEARTBEAT_URL'),
    ]);
    expect(found.says('crm', 'token')).toEqual(['Skipped: crm__GRAPH_IDENTITY is wrong.']);
    expect(found.says('crm', 'heartbeat')).toEqual(['Skipped: crm__HEARTBEAT_URL is wrong.']);
  });

  it('are examined although a setting is not one that they can have', async () => {
    const strays = { crm__POLL_SCHEDULE: 'x', Crm__DENIED_MAILBOXES: CCH, hr__ALLOWED_MAILBOXES: SUPPORT };
    const found = await examinedScopes({ ...TWO, ...strays });
    expect(found).toMatchObject({ code: 3, result: 'bad-settings' });
    const skipped = ['list', 'allowed', 'denied', 'names', 'permission'].map((name) => `${name} skipped`);
    expect(found.scopes).toEqual([
      ['default', 'bad-settings', 'settings problem'],
      ['crm', 'bad-settings', 'settings problem', ...skipped],
    ]);
    expect(found.says('default', 'settings')).toEqual([expect.stringMatching(/^hr__ALLOWED_MAILBOXES belongs to no/)]);
    expect(found.says('crm', 'settings')).toHaveLength(2);
  });

  it('have what is wrong with all of them', async () => {
    const found = await examinedScopes({ ...TWO, POLL_SCHEDULE: 'x' });
    const wrong = ['bad-settings', 'settings problem', 'schedule skipped'];
    expect(found.scopes.map(([, ...results]) => results.filter((one) => one !== 'owner skipped'))).toEqual([
      wrong,
      wrong,
    ]);
  });

  it('give one of them by name, as if it were alone', async () => {
    const found = await examined({ ...TWO, default__GRAPH_IDENTITY: 'me' }, ['--scope', 'crm']);
    expect(found).toMatchObject({ code: 0, results: UNWATCHED });
    expect(Object.keys(found.report)).toEqual(['checkedAt', 'result', 'checks']);
    const stderr = '--scope: there is no scope "hr". Use one of default, crm.\nUse --help to see the options.\n';
    expect(await run(['--scope', 'hr'], TWO)).toEqual({ code: 3, stdout: '', stderr });
  });
});

describe('an odd schedule', () => {
  it('that ticks every second is a problem', async () => {
    const found = await examined({ POLL_SCHEDULE: '* */15 * * * *' });
    expect(found).toMatchObject({ code: 1, results: { ...UNWATCHED, schedule: 'problem' } });
    expect(faultsOf(found, 'schedule')).toMatchObject([saying('60 times within a minute, then not for 14 min')]);
  });

  it('that ticks more often than a run may take is a warning', async () => {
    const found = await examined({ POLL_SCHEDULE: '0 * * * * *' });
    expect(found).toMatchObject({ code: 0, results: { ...UNWATCHED, schedule: 'warning' } });
  });
});

it('prints its usage with --help', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: mailscope doctor /) });
});
