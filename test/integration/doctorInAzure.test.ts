// The doctor in deployments that are broken, with settings as the templates and the platform make them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../scripts/shared/ports.ts';
import { type Part, startStorage } from '../../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';
import type { DoctorReport } from '../../src/doctor/examine.ts';
import type { Finding, Result } from '../../src/rules/doctor/finding.ts';
import { type Certificate, createCertificate } from '../support/certificate.ts';
import { DEAD_PORT } from '../support/emulator.ts';
import { ROOT, type Switches, startServer, startTenant } from '../support/localApp.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
/** The user-assigned identity of the deployment, and one that was deleted. */
const IDENTITY = '0a6f7f0e-0000-4000-a000-000000000001';
const OLD_IDENTITY = '0a6f7f0e-0000-4000-a000-000000000002';

let certificate: Certificate;
let tenant: Switches;
let storage: Part;
let settings: Record<string, string>;

beforeAll(async () => {
  [certificate, tenant] = await Promise.all([createCertificate(), startTenant()]);
  const port = await freePorts(3);
  storage = await startStorage({ port, tls: certificate.files, log: () => undefined });
  const service = (offset: number) => `https://127.0.0.1:${port + offset}/devstoreaccount1`;
  settings = {
    PATH: process.env.PATH ?? '',
    NODE_EXTRA_CA_CERTS: certificate.files.cert,
    // The templates set these.
    ALLOWED_MAILBOXES: SUPPORT,
    DENIED_MAILBOXES: CCH,
    POLL_SCHEDULE: '0 */15 * * * *',
    GRAPH_ENDPOINT: tenant.sandbox.url,
    GRAPH_IDENTITY: 'managed-identity',
    AZURE_CLIENT_ID: IDENTITY,
    AzureWebJobsStorage__credential: 'managedidentity',
    AzureWebJobsStorage__clientId: IDENTITY,
    AzureWebJobsStorage__blobServiceUri: service(0),
    AzureWebJobsStorage__queueServiceUri: service(1),
    AzureWebJobsStorage__tableServiceUri: service(2),
    ALERT_WEBHOOK_FORMAT: 'cloudevents',
    ALERT_WEBHOOK_URL: `${tenant.sandbox.url}/sandbox/webhook`,
    ALERT_WEBHOOK_SECRET: '',
    HEARTBEAT_URL: '',
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=00000000-0000-0000-0000-000000000000',
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: `ClientId=${IDENTITY};Authorization=AAD`,
    // The platform sets these.
    WEBSITE_SITE_NAME: 'func-mailscope-abcd1234',
    WEBSITE_HOSTNAME: 'func-mailscope-abcd1234.azurewebsites.net',
    WEBSITE_SLOT_NAME: 'Production',
    WEBSITE_AUTH_ENABLED: 'False',
    IDENTITY_HEADER: 'sandbox',
  };
});

afterAll(() => Promise.all([storage.stop(), tenant.sandbox.close(), certificate.remove()]));

beforeEach(async () => {
  await tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] });
  await tenant.put('roles', { roles: ['Mail.ReadBasic.All'] });
  settings.IDENTITY_ENDPOINT = await startIdentities([IDENTITY]);
});

/** The platform's identity endpoint of an app with these user-assigned identities, and no other. */
function startIdentities(clientIds: readonly string[]): Promise<string> {
  return startServer((incoming, response) => {
    const clientId = new URL(incoming.url ?? '', 'http://here').searchParams.get('client_id');
    if (clientId !== null && clientIds.includes(clientId)) return passOn(incoming, response);
    const message =
      clientId === null
        ? 'Unable to load the proper Managed Identity.'
        : 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.';
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ statusCode: 400, message, correlationId: 'c' }));
  });
}

/** Lets the sandbox answer. */
function passOn({ url, headers }: IncomingMessage, response: ServerResponse): void {
  const path = `/msi/token?${new URL(url ?? '', 'http://here').searchParams}`;
  request({ host: '127.0.0.1', port: tenant.sandbox.port, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  }).end();
}

/** A service of a storage account that refuses everything: in JSON for tables, in XML for queues. */
async function startRefusing(code: string): Promise<string> {
  const server = createServer(certificate, ({ headers }, response) => {
    const isTable = headers.accept?.includes('odata');
    response.writeHead(403, {
      'content-type': isTable ? 'application/json' : 'application/xml',
      ...(isTable ? {} : { 'x-ms-error-code': code }),
    });
    const message = 'This request is not authorized to perform this operation.';
    response.end(
      isTable
        ? JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: message } } })
        : `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/stmailscopeabcd1234`;
}

interface Examined {
  readonly code: number | null;
  /** The results of the checks that are not ok, by name. The heartbeat, which is not set, is left out. */
  readonly results: Readonly<Record<string, Result>>;
  /** The findings of a check that are not ok. */
  faults(name: string): readonly Finding[];
}

async function examined(changes: Record<string, string> = {}): Promise<Examined> {
  const env = { ...settings, ...changes };
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'doctor', '--json'], {
    cwd: certificate.folder,
    env,
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, stdout] = await Promise.all([exited, text(child.stdout)]);
  const { checks } = JSON.parse(stdout) as DoctorReport;
  const notWell = checks.filter(({ name, result }) => result !== 'ok' && name !== 'heartbeat');
  return {
    code,
    results: Object.fromEntries(notWell.map(({ name, result }) => [name, result])),
    faults: (name) => checks.find((one) => one.name === name)?.findings.filter(({ result }) => result !== 'ok') ?? [],
  };
}

function saying(says: string, advice: string) {
  return { says: expect.stringContaining(says), advice: expect.stringContaining(advice) };
}

/** Nothing beyond this machine is asked: neither the real Graph, nor the metadata service of a virtual machine. */
const DEAD_PROXY = `http://127.0.0.1:${DEAD_PORT}`;
const OFFLINE = { HTTPS_PROXY: DEAD_PROXY, HTTP_PROXY: DEAD_PROXY, NO_PROXY: '127.0.0.1' };

const NO_TOKEN = { token: 'problem', allowed: 'skipped', denied: 'skipped', names: 'skipped', permission: 'skipped' };

it('finds nothing wrong with a deployment as it should be', async () => {
  expect(await examined()).toMatchObject({ code: 0, results: {} });
});

describe('the storage account', () => {
  it('1. refuses tables, because a role is missing', async () => {
    const found = await examined({
      AzureWebJobsStorage__tableServiceUri: await startRefusing('AuthorizationPermissionMismatch'),
    });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem', owner: 'skipped' } });
    expect(found.faults('tables')).toMatchObject([
      saying('403 AuthorizationPermissionMismatch', 'Give the identity the role Storage Table Data Contributor'),
    ]);
  });

  it('2. is behind a firewall', async () => {
    const url = await startRefusing('AuthorizationFailure');
    const found = await examined({
      AzureWebJobsStorage__tableServiceUri: url,
      AzureWebJobsStorage__queueServiceUri: url,
    });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem', queues: 'problem', owner: 'skipped' } });
    for (const name of ['tables', 'queues'])
      expect(found.faults(name)).toMatchObject([
        saying('403 AuthorizationFailure', 'First check that the account’s firewall lets this machine in'),
      ]);
  });

  it('3. was deleted, so its name has no address', async () => {
    const service = (name: string) => `https://stmailscopeabcd1234.${name}.contoso.invalid`;
    const found = await examined({
      AzureWebJobsStorage__tableServiceUri: service('table'),
      AzureWebJobsStorage__queueServiceUri: service('queue'),
    });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem', queues: 'problem', owner: 'skipped' } });
    for (const name of ['tables', 'queues'])
      expect(found.faults(name)).toMatchObject([saying('no address', 'deleted')]);
  });

  it('4. takes no keys, and the settings still have one', async () => {
    const url = await startRefusing('KeyBasedAuthenticationNotPermitted');
    const connection = emulatorConnection(DEAD_PORT).replace(/(Table|Queue)Endpoint=[^;]+/g, `$1Endpoint=${url}`);
    const found = await examined({ AzureWebJobsStorage: connection });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem', queues: 'problem' } });
    for (const name of ['tables', 'queues'])
      expect(found.faults(name)).toMatchObject([
        saying('403 KeyBasedAuthenticationNotPermitted', 'Remove AzureWebJobsStorage'),
      ]);
  });

  it('5. has no address for its queues in the settings', async () => {
    const found = await examined({ AzureWebJobsStorage__queueServiceUri: '' });
    expect(found).toMatchObject({ code: 3, results: { settings: 'problem', tables: 'skipped', queues: 'skipped' } });
    expect(found.faults('settings')).toMatchObject([
      { says: expect.stringMatching(/^AzureWebJobsStorage__queueServiceUri is missing/) },
    ]);
  });

  it('6. is used with an identity that was deleted', async () => {
    const found = await examined({ AzureWebJobsStorage__clientId: OLD_IDENTITY });
    expect(found).toMatchObject({ code: 1, results: { tables: 'problem', queues: 'problem', owner: 'skipped' } });
    for (const name of ['tables', 'queues'])
      expect(found.faults(name)).toMatchObject([saying('gets no token', 'AzureWebJobsStorage__credential')]);
  });
});

describe('the identity', () => {
  it('7. was deleted and made again under another id', async () => {
    const found = await examined({ AZURE_CLIENT_ID: OLD_IDENTITY });
    expect(found).toMatchObject({ code: 1, results: NO_TOKEN });
    expect(found.faults('token')).toMatchObject([saying('No User Assigned', 'AZURE_CLIENT_ID')]);
  });

  it('8. is user-assigned, and AZURE_CLIENT_ID does not name it', async () => {
    const found = await examined({ AZURE_CLIENT_ID: '' });
    expect(found).toMatchObject({ code: 1, results: NO_TOKEN });
    expect(found.faults('token')).toMatchObject([
      saying('Unable to load', 'set AZURE_CLIENT_ID for a user-assigned one'),
    ]);
  });

  it('9. was taken from the app', async () => {
    const found = await examined({ IDENTITY_ENDPOINT: '', IDENTITY_HEADER: '', ...OFFLINE });
    expect(found).toMatchObject({ code: 1, results: { ...NO_TOKEN, tables: 'problem', queues: 'problem' } });
    expect(found.faults('token')).toMatchObject([saying('gets no token', 'Give the app an identity')]);
  });

  it('10. has a token of another app', async () => {
    const endpoint = await startServer((incoming, response) => {
      incoming.url = (incoming.url ?? '').replace(IDENTITY, OLD_IDENTITY);
      passOn(incoming, response);
    });
    const found = await examined({ IDENTITY_ENDPOINT: endpoint });
    expect(found).toMatchObject({ code: 1, results: { token: 'problem' } });
    expect(found.faults('token')).toMatchObject([
      saying(`AZURE_CLIENT_ID is ${IDENTITY}, but the token says ${OLD_IDENTITY}`, 'wrong identity'),
    ]);
  });

  it('11. is of another cloud than GRAPH_ENDPOINT', async () => {
    const found = await examined({ GRAPH_ENDPOINT: 'https://graph.microsoft.us', ...OFFLINE });
    expect(found).toMatchObject({ code: 1, results: { ...NO_TOKEN, graph: 'problem' } });
    expect(found.faults('token')).toMatchObject([
      saying('The resource principal named https://graph.microsoft.us was not found', 'GRAPH_ENDPOINT'),
    ]);
  });

  it('12. was made again, so it has no role and no scope', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    await tenant.put('roles', { roles: [] });
    const found = await examined();
    expect(found).toMatchObject({ code: 1, results: { allowed: 'problem', permission: 'problem', denied: 'skipped' } });
    expect(found.faults('permission')).toMatchObject([saying('holds no role', 'made again')]);
  });
});

describe('the settings', () => {
  it('13. hold a reference to Key Vault that nobody resolved', async () => {
    const found = await examined({
      ALERT_WEBHOOK_SECRET: '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)',
    });
    expect(found).toMatchObject({ code: 3, results: { settings: 'problem', webhook: 'skipped' } });
    expect(found.faults('settings')).toMatchObject([
      { says: expect.stringMatching(/^ALERT_WEBHOOK_SECRET is a reference to Key Vault.*Key Vault Secrets User/) },
    ]);
  });

  it('14. move the platform’s timer to another time zone', async () => {
    const found = await examined({ WEBSITE_TIME_ZONE: 'Europe/Berlin' });
    expect(found).toMatchObject({ code: 3, results: { settings: 'problem' } });
    expect(found.faults('settings')).toMatchObject([{ says: expect.stringContaining('Remove the setting') }]);
  });
});
