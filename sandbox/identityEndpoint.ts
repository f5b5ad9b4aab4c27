// The identity endpoint of App Service: issues tokens, and checks them for Graph.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { type App, findApp, OWN_CLIENT_ID } from './apps.ts';
import type { Tenant } from './tenant.ts';

export interface IdentityAnswer {
  readonly status: number;
  readonly body: object;
}

const GRAPH = 'https://graph.microsoft.com';
const TENANT_ID = '3f5c6d1e-0000-4000-a000-00000000c0de';

/** The audience of a storage account. The endpoint issues such tokens, although this tenant has no storage. */
const STORAGE = 'https://storage.azure.com';
/** The audience of a token that proves an app registration ("Configure an application to trust a managed identity"). */
const EXCHANGE = 'api://AzureADTokenExchange';

/** The platform's text for an identity that the app does not have. */
export const NO_IDENTITY = 'Unable to load the proper Managed Identity.';

// Each process has a new key, so a token of an earlier tenant is invalid, as at Graph.
const KEY = randomBytes(32);

/**
 * `GET /msi/token` ("How to use managed identities for App Service", the REST protocol). As on the platform, a token
 * has the roles of the moment when it is issued.
 */
export function issueToken(
  params: URLSearchParams,
  header: string | undefined,
  tenant: Tenant,
  origin: string,
): IdentityAnswer {
  if (header !== 'sandbox') return refuse(401, 'The X-IDENTITY-HEADER header is missing or wrong.');
  if (params.get('api-version') !== '2019-08-01') return refuse(400, 'Unsupported api-version. Use 2019-08-01.');
  const resource = params.get('resource')?.replace(/\/$/, '');
  if (resource === undefined) return refuse(400, 'The resource parameter is missing.');
  if (![GRAPH, STORAGE, EXCHANGE, origin].includes(resource)) {
    return refuse(400, `The resource principal named ${resource} was not found in the tenant.`);
  }
  const named = params.get('client_id') ?? undefined;
  const app = findApp(tenant, named);
  if (!app) return refuse(400, NO_IDENTITY);
  const clientId = named ?? OWN_CLIENT_ID;
  const issuedAt = Math.floor(tenant.now() / 1000);
  const expiresAt = issuedAt + app.tokenLifetimeSeconds;
  const token = sign({
    aud: resource,
    iss: `https://sts.windows.net/${TENANT_ID}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    appid: clientId,
    idtyp: 'app',
    oid: clientId,
    sub: clientId,
    tid: TENANT_ID,
    roles: resource === GRAPH || resource === origin ? app.roles : [],
    ver: '1.0',
    uti: randomUUID(),
  });
  const body = {
    access_token: token,
    expires_on: String(expiresAt),
    resource: params.get('resource'),
    token_type: 'Bearer',
    client_id: clientId,
  };
  return { status: 200, body };
}

/** The app that a request's token belongs to, or what is wrong with the token, in Graph's words. */
export function appOfToken(authorization: string | undefined, tenant: Tenant, origin: string): App | string {
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) return 'Access token is empty.';
  const claims = verify(token);
  if (!claims) return 'Access token validation failure. Invalid signature.';
  if (claims.aud !== GRAPH && claims.aud !== origin) return 'Access token validation failure. Invalid audience.';
  if (claims.exp * 1000 <= tenant.now()) return 'Lifetime validation failed, the token is expired.';
  // Continuous access evaluation: the token of an app that was removed does not work any more.
  return findApp(tenant, claims.appid) ?? 'Access token validation failure. The application was removed.';
}

interface Claims {
  readonly aud: string;
  readonly exp: number;
  readonly appid: string;
}

function sign(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part({ typ: 'JWT', alg: 'HS256' })}.${part(claims)}`;
  return `${content}.${signature(content).toString('base64url')}`;
}

// Verifying is the slowest part of a request, and a client sends the same token thousands of times.
const verified = new Map<string, Claims>();
const MOST_VERIFIED = 100;

function verify(token: string): Claims | undefined {
  const known = verified.get(token);
  if (known) return known;
  const [header = '', claims = '', given = ''] = token.split('.');
  const expected = signature(`${header}.${claims}`);
  const actual = Buffer.from(given, 'base64url');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
  // The signature is ours, so the claims are those of `issueToken`.
  const read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
  if (verified.size >= MOST_VERIFIED) verified.clear();
  verified.set(token, read);
  return read;
}

function signature(content: string): Buffer {
  return createHmac('sha256', KEY).update(content).digest();
}

function refuse(statusCode: number, message: string): IdentityAnswer {
  return { status: statusCode, body: { statusCode, message, correlationId: randomUUID() } };
}
