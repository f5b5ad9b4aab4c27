// An app registration proves itself to a token service over TLS, by a secret or a certificate.
import { constants, createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, createCertificate } from '../support/certificate.ts';
import { type Switches, settingsFor, startApp, startTenant } from '../support/http.ts';

const TENANT_ID = '11111111-2222-3333-4444-555555555555';
const CLIENT_ID = '66666666-7777-8888-9999-000000000000';

let tenant: Switches;
let certificate: Certificate;
let tokenService: Server;
let proofs: URLSearchParams[];
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  tenant = await startTenant();
  certificate = await createCertificate();
  tokenService = createServer(certificate, (request, response) => {
    const base = `https://${request.headers.host}/${TENANT_ID}`;
    response.setHeader('content-type', 'application/json');
    const answer = request.method === 'GET' ? discovery(base) : token(request);
    void Promise.resolve(answer).then((body) => response.end(JSON.stringify(body)));
  });
  tokenService.listen(0, '127.0.0.1');
  await once(tokenService, 'listening');
  settings = {
    ...settingsFor(tenant.sandbox.url),
    GRAPH_IDENTITY: 'app-registration',
    AZURE_TENANT_ID: TENANT_ID,
    AZURE_CLIENT_ID: CLIENT_ID,
    AZURE_AUTHORITY_HOST: `https://127.0.0.1:${(tokenService.address() as AddressInfo).port}`,
    NODE_EXTRA_CA_CERTS: certificate.files.cert,
  };
});

afterAll(async () => {
  tokenService.closeAllConnections();
  tokenService.close();
  await tenant.sandbox.close();
  await certificate.remove();
});

beforeEach(() => {
  proofs = [];
});

describe('an app registration', () => {
  it('with a secret reads a mailbox', async () => {
    const status = await askWith({ AZURE_CLIENT_SECRET: 'a secret of the sandbox' });
    expect(status).toBe(200);
    expect(Object.fromEntries(proofs[0] ?? [])).toMatchObject({
      client_id: CLIENT_ID,
      client_secret: 'a secret of the sandbox',
      grant_type: 'client_credentials',
      scope: expect.stringContaining('https://graph.microsoft.com/.default'),
    });
  });

  it('with a certificate signs who it is, and sends no key', async () => {
    const status = await askWith({ AZURE_CLIENT_CERTIFICATE_PATH: certificate.files.both });
    expect(status).toBe(200);
    const assertion = proofs[0]?.get('client_assertion') ?? '';
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ iss: CLIENT_ID, sub: CLIENT_ID });
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

  it('whose certificate cannot be read has no identity, and health says so', async () => {
    const app = await startApp({ ...settings, AZURE_CLIENT_CERTIFICATE_PATH: join(certificate.folder, 'missing.pem') });
    try {
      const answer = await app.get('mailboxes/support@contoso.example/latest-subject');
      expect(answer).toMatchObject({ status: 503, body: { code: 'identity-unavailable' } });
      expect((await app.get('health')).body).toMatchObject({ problems: [{ code: 'identity-unavailable' }, {}] });
    } finally {
      await app.host.close();
    }
  });
});

function discovery(base: string) {
  const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` };
  return { issuer: `${base}/v2.0`, ...endpoints, jwks_uri: `${base}/keys` };
}

/** A token that the sandbox's Graph takes. */
async function token(request: IncomingMessage) {
  proofs.push(new URLSearchParams(await text(request)));
  const answer = await fetch(
    `${tenant.sandbox.url}/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com`,
    {
      headers: { 'x-identity-header': 'sandbox' },
    },
  );
  const { access_token } = (await answer.json()) as { readonly access_token: string };
  return { token_type: 'Bearer', expires_in: 3600, access_token };
}

async function askWith(proof: Record<string, string>): Promise<number> {
  const app = await startApp({ ...settings, ...proof });
  try {
    const { status, body } = await app.get('mailboxes/support@contoso.example/latest-subject');
    expect(JSON.stringify(body) + app.logs.join()).not.toContain('a secret of the sandbox');
    return status;
  } finally {
    await app.host.close();
  }
}
