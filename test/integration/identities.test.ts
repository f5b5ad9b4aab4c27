// Every kind of identity, with the real identity library: the sandbox's identity endpoint, a token service over TLS, the Azure CLI.
import { spawn } from 'node:child_process';
import { constants, createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROOT, type Switches, settingsFor, startApp, startServer, startTenant } from '../support/localApp.ts';
import { startProxy } from '../support/proxy.ts';
import { CLIENT_ID, claimsOf, startTokenService, TENANT_ID, type TokenService } from '../support/tokenService.ts';

const USER_ASSIGNED = '11111111-2222-4333-8444-555555555555';
const SECRET = 'a secret of the sandbox';

let tenant: Switches;
let tokenService: TokenService;
let folder: string;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  tenant = await startTenant();
  [tokenService, folder] = await Promise.all([
    startTokenService(tenant.sandbox.url),
    mkdtemp(join(tmpdir(), 'mailscope-')),
  ]);
  settings = settingsFor(tenant.sandbox.url);
});

afterAll(async () => {
  await Promise.all([tenant.sandbox.close(), tokenService.close(), rm(folder, { recursive: true })]);
});

beforeEach(async () => {
  tokenService.proofs.length = 0;
  await tenant.put('faults', {});
});

/** The app's answer about an allowed mailbox, and its log. */
async function askAs(identity: Record<string, string>) {
  const app = await startApp({ ...settings, ...identity });
  try {
    const { status, body } = await app.get('mailboxes/support@contoso.example/latest-subject');
    const log = app.logs.join('\n');
    expect(JSON.stringify(body) + log).not.toContain(SECRET);
    return { status, body, log };
  } finally {
    await app.host.close();
  }
}

/**
 * Fetches a token, another one, and a fresh one that skips every cache on this side. It runs in its own process, because the
 * library keeps the endpoint until its process ends.
 */
async function fetchAs(identity: object, env: NodeJS.ProcessEnv, graph = tenant.sandbox.url): Promise<string[]> {
  const script = `
    import { createTokenFetcher } from './src/graph/credential.ts';
    import { Secret } from './src/settings/settings.ts';
    const identity = ${JSON.stringify(identity)};
    if (identity.proof?.secret) identity.proof.secret = new Secret(identity.proof.secret);
    const fetchToken = createTokenFetcher(identity, '${graph}');
    const tokens = [await fetchToken(false), await fetchToken(false), await fetchToken(true)];
    console.log(JSON.stringify(tokens.map(({ value }) => value)));
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { cwd: ROOT, env });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(errors).not.toContain('Error');
  return JSON.parse(output);
}

function appOf({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_AUTHORITY_HOST }: TokenService['settings']) {
  return { tenantId: AZURE_TENANT_ID, clientId: AZURE_CLIENT_ID, authorityHost: AZURE_AUTHORITY_HOST };
}

describe('a managed identity', () => {
  it.each([
    ['that is system-assigned', undefined, expect.stringMatching(/^9b1d2f3a-/)],
    ['that is user-assigned', USER_ASSIGNED, USER_ASSIGNED],
  ])('%s is cached, and replaced past the library’s cache', async (_, clientId, appid) => {
    const [first = '', again, fresh = ''] = await fetchAs({ kind: 'managed-identity', clientId }, settings);
    expect(again).toBe(first);
    expect(fresh).not.toBe(first);
    for (const token of [first, fresh]) {
      expect(claimsOf(token)).toMatchObject({ aud: 'https://graph.microsoft.com', appid });
    }
  });

  it.each(['https://graph.microsoft.us', 'https://dod-graph.microsoft.us', 'https://microsoftgraph.chinacloudapi.cn'])(
    'asks for a token of the cloud whose Graph is %s',
    async (graph) => {
      const resources = new Set<string | null>();
      const endpoint = await startServer((request, response) => {
        const resource = new URL(request.url ?? '', 'http://here').searchParams.get('resource');
        resources.add(resource);
        const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ access_token: 'a-token', expires_on, resource, token_type: 'Bearer' }));
      });
      await fetchAs({ kind: 'managed-identity' }, settingsFor(tenant.sandbox.url, endpoint), graph);
      expect([...resources]).toEqual([graph]);
    },
  );

  it.each([{}, { AZURE_CLIENT_ID: USER_ASSIGNED }])('reads a mailbox with %o', async (identity) => {
    expect(await askAs(identity)).toMatchObject({ status: 200 });
  });
});

describe('an app registration', () => {
  const app = { GRAPH_IDENTITY: 'app-registration' };

  it('with a secret reads a mailbox', async () => {
    expect(await askAs({ ...app, ...tokenService.settings, AZURE_CLIENT_SECRET: SECRET })).toMatchObject({
      status: 200,
    });
    expect(Object.fromEntries(tokenService.proofs[0] ?? [])).toMatchObject({
      client_id: CLIENT_ID,
      client_secret: SECRET,
      grant_type: 'client_credentials',
      scope: expect.stringContaining('https://graph.microsoft.com/.default'),
    });
  });

  it('with a certificate signs its identity, and sends no key', async () => {
    const { certificate } = tokenService;
    const proof = { AZURE_CLIENT_CERTIFICATE_PATH: certificate.files.both };
    expect(await askAs({ ...app, ...tokenService.settings, ...proof })).toMatchObject({ status: 200 });
    const assertion = tokenService.proofs[0]?.get('client_assertion') ?? '';
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    expect(claimsOf(assertion)).toMatchObject({ iss: CLIENT_ID, sub: CLIENT_ID });
    const { 'x5t#S256': thumbprint } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const { raw, publicKey } = new X509Certificate(certificate.cert);
    expect(thumbprint).toBe(createHash('sha256').update(raw).digest('base64url'));
    const key = {
      key: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      padding: constants.RSA_PKCS1_PSS_PADDING,
    };
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('is asked for a token once, and again for a fresh one', async () => {
    const identity = { kind: 'app-registration', ...appOf(tokenService.settings), proof: { secret: SECRET } };
    const [first, again, fresh] = await fetchAs(identity, { ...settings, ...tokenService.settings });
    expect(again).toBe(first);
    expect(fresh).not.toBe(first);
    expect(tokenService.proofs).toHaveLength(2);
  });

  it('of one scope is never asked for at the token service of another', async () => {
    const proxy = await startProxy();
    const registration = { ...app, AZURE_CLIENT_SECRET: SECRET };
    const own = Object.fromEntries(Object.entries(registration).map(([name, value]) => [`crm__${name}`, value]));
    const running = await startApp({
      ...settings,
      ...own,
      SCOPES: 'crm',
      crm__AZURE_TENANT_ID: TENANT_ID,
      crm__AZURE_CLIENT_ID: CLIENT_ID,
      AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us',
      HTTPS_PROXY: proxy.url,
    });
    try {
      expect(await running.get('mailboxes/support@contoso.example/latest-subject')).toMatchObject({ status: 503 });
      expect([...proxy.asked].sort()).toEqual(['login.microsoftonline.com:443']);
    } finally {
      await running.host.close();
    }
  });

  it('with an unreadable certificate gets no token, and health says so', async () => {
    const proof = { AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'missing.pem') };
    const running = await startApp({ ...settings, ...app, ...tokenService.settings, ...proof });
    try {
      const answer = await running.get('mailboxes/support@contoso.example/latest-subject');
      expect(answer).toMatchObject({ status: 503, body: { code: 'identity-unavailable' } });
      expect((await running.get('health')).body).toMatchObject({ problems: [{ code: 'identity-unavailable' }, {}] });
    } finally {
      await running.host.close();
    }
  });
});

describe('an app registration that trusts a managed identity', () => {
  it('proves itself with that identity’s token, and with no secret', async () => {
    const identity = { GRAPH_IDENTITY: 'federated', GRAPH_FEDERATION_CLIENT_ID: USER_ASSIGNED };
    expect(await askAs({ ...identity, ...tokenService.settings })).toMatchObject({ status: 200 });
    const proof = Object.fromEntries(tokenService.proofs[0] ?? []);
    expect(proof).toMatchObject({
      client_id: CLIENT_ID,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      scope: expect.stringContaining('https://graph.microsoft.com/.default'),
    });
    expect(proof).not.toHaveProperty('client_secret');
    const claims = claimsOf(proof.client_assertion ?? '');
    expect(claims).toMatchObject({ aud: 'api://AzureADTokenExchange', appid: USER_ASSIGNED, roles: [] });
  });

  it('gets a fresh token with a fresh proof', async () => {
    const identity = {
      kind: 'federated',
      ...appOf(tokenService.settings),
      managedIdentityClientId: USER_ASSIGNED,
      exchangeAudience: 'api://AzureADTokenExchange',
    };
    const [first, again, fresh] = await fetchAs(identity, { ...settings, ...tokenService.settings });
    expect(again).toBe(first);
    expect(fresh).not.toBe(first);
    const assertions = tokenService.proofs.map((proof) => proof.get('client_assertion'));
    expect(new Set(assertions).size).toBe(2);
  });

  it('gets no token when the managed identity is gone', async () => {
    await tenant.put('faults', { token: { status: 400 } });
    const identity = { GRAPH_IDENTITY: 'federated', GRAPH_FEDERATION_CLIENT_ID: USER_ASSIGNED };
    const { status, body } = await askAs({ ...identity, ...tokenService.settings });
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'identity-unavailable' } });
    expect(tokenService.proofs).toHaveLength(0);
  });
});

describe('a developer', () => {
  /** A fake Azure CLI, which records its calls and runs `body`. */
  async function installCli(
    body: string,
  ): Promise<{ readonly env: Record<string, string>; calls(): Promise<string[]> }> {
    const home = await mkdtemp(join(folder, 'az-'));
    const calls = join(home, 'calls');
    const script = `#!${process.execPath}
      import { appendFileSync } from 'node:fs';
      appendFileSync(${JSON.stringify(calls)}, process.argv.slice(2).join(' ') + '\\n');
      ${body}`;
    await writeFile(join(home, 'package.json'), '{"type":"module"}');
    await writeFile(join(home, 'az'), script, { mode: 0o755 });
    const env = { GRAPH_IDENTITY: 'developer', PATH: [home, dirname(process.execPath)].join(delimiter) };
    return { env, calls: async () => (await readFile(calls, 'utf8')).trim().split('\n') };
  }

  const signedIn = () => `
    const url = '${tenant.sandbox.url}/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com';
    const answer = await (await fetch(url, { headers: { 'x-identity-header': 'sandbox' } })).json();
    console.log(JSON.stringify({ accessToken: answer.access_token, expires_on: Number(answer.expires_on) }));`;

  it('is the person signed in to the Azure CLI', async () => {
    const cli = await installCli(signedIn());
    expect(await askAs(cli.env)).toMatchObject({ status: 200 });
    expect(await cli.calls()).toEqual([
      'account get-access-token --output json --resource https://graph.microsoft.com',
    ]);
  });

  it('is asked for in the tenant that the settings name', async () => {
    const cli = await installCli(signedIn());
    expect(await askAs({ ...cli.env, AZURE_TENANT_ID: TENANT_ID })).toMatchObject({ status: 200 });
    expect(await cli.calls()).toEqual([expect.stringMatching(`--tenant ${TENANT_ID}$`)]);
  });

  it('gets a fresh token from the Azure CLI', async () => {
    const cli = await installCli(signedIn());
    const [first, , fresh] = await fetchAs({ kind: 'developer' }, { ...settings, ...cli.env });
    expect(fresh).not.toBe(first);
    expect(await cli.calls()).toHaveLength(3);
  });

  it('who is not signed in gets the advice to sign in, and no other identity is tried', async () => {
    const cli = await installCli(
      `console.error("ERROR: Please run 'az login' to setup account."); process.exitCode = 1;`,
    );
    const before = await tenant.state();
    const { status, body, log } = await askAs({ ...cli.env, ...tokenService.settings, AZURE_CLIENT_SECRET: SECRET });
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'identity-unavailable' } });
    expect(log).toContain('sign in with az login');
    expect((await tenant.state()).requests.byKind).toEqual(before.requests.byKind);
    expect(tokenService.proofs).toHaveLength(0);
  });

  it('without the Azure CLI gets an error that says so', async () => {
    const { log } = await askAs({ GRAPH_IDENTITY: 'developer', PATH: folder });
    expect(log).toContain('Azure CLI could not be found');
  });
});
