// A token service over TLS, like that of Entra: discovery, and tokens that the sandbox's Graph accepts.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Certificate, createCertificate } from './certificate.ts';

export const TENANT_ID = '11111111-2222-3333-4444-555555555555';
export const CLIENT_ID = '66666666-7777-8888-9999-000000000000';

export interface TokenService {
  readonly certificate: Certificate;
  /** The parameters of each token request. A test may empty it. */
  readonly proofs: URLSearchParams[];
  /** The settings of an app registration, without its proof. */
  readonly settings: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startTokenService(sandboxUrl: string): Promise<TokenService> {
  const certificate = await createCertificate();
  const proofs: URLSearchParams[] = [];

  async function answer(request: IncomingMessage) {
    if (request.method === 'GET') return discovery(`https://${request.headers.host}/${TENANT_ID}`);
    proofs.push(new URLSearchParams(await text(request)));
    return { token_type: 'Bearer', expires_in: 3600, access_token: await sandboxToken(sandboxUrl) };
  }

  const server = createServer(certificate, (request, response) => {
    response.setHeader('content-type', 'application/json');
    void answer(request).then((body) => response.end(JSON.stringify(body)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    certificate,
    proofs,
    settings: {
      AZURE_TENANT_ID: TENANT_ID,
      AZURE_CLIENT_ID: CLIENT_ID,
      AZURE_AUTHORITY_HOST: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      NODE_EXTRA_CA_CERTS: certificate.files.cert,
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await certificate.remove();
    },
  };
}

function discovery(base: string) {
  const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` };
  return { issuer: `${base}/v2.0`, ...endpoints, jwks_uri: `${base}/keys` };
}

async function sandboxToken(sandboxUrl: string): Promise<string> {
  const url = `${sandboxUrl}/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com`;
  const answer = await fetch(url, { headers: { 'x-identity-header': 'sandbox' } });
  const { access_token } = (await answer.json()) as { readonly access_token: string };
  return access_token;
}

/** The claims of a token or an assertion. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}
