// How a token for Graph is fetched, for each kind of identity.
import type { TokenCredential } from '@azure/identity';
import { type GraphIdentity, isLoopback } from '../settings.ts';
import type { FetchToken, Token } from './tokens.ts';

const PUBLIC_CLOUD = 'https://graph.microsoft.com';

const RETRIES = { retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 } };

/**
 * A fetcher of tokens for the Graph at `graphEndpoint`. The identity libraries are loaded with the first token: they are the
 * largest part of a cold start, and an instance that serves another function never needs them.
 */
export function createTokenFetcher(identity: GraphIdentity, graphEndpoint: string): FetchToken {
  const resource = isLoopback(new URL(graphEndpoint).hostname) ? PUBLIC_CLOUD : graphEndpoint;
  let credential: Promise<TokenCredential> | undefined;
  return async (fresh) => {
    if (fresh && identity.kind === 'managed-identity') return freshManagedIdentityToken(identity.clientId, resource);
    // An app registration's tokens are cached in its credential, so a new one has none.
    if (fresh) credential = undefined;
    credential ??= createCredential(identity);
    const token = await (await credential).getToken(`${resource}/.default`);
    if (token === null) throw new Error('the identity library answered no token');
    return { value: token.token, expiresOn: new Date(token.expiresOnTimestamp) };
  };
}

async function createCredential(identity: GraphIdentity): Promise<TokenCredential> {
  const { ClientCertificateCredential, ClientSecretCredential, ManagedIdentityCredential } = await import(
    '@azure/identity'
  );
  if (identity.kind === 'managed-identity') {
    return identity.clientId
      ? new ManagedIdentityCredential(identity.clientId, RETRIES)
      : new ManagedIdentityCredential(RETRIES);
  }
  const { tenantId, clientId, authorityHost, proof } = identity;
  const options = {
    ...RETRIES,
    ...(authorityHost ? { authorityHost } : {}),
    // The library asks Microsoft whether it knows a foreign token service; it knows none on this machine.
    disableInstanceDiscovery: authorityHost !== undefined && isLoopback(new URL(authorityHost).hostname),
  };
  if ('secret' in proof) return new ClientSecretCredential(tenantId, clientId, proof.secret.reveal(), options);
  const certificate = {
    certificatePath: proof.certificatePath,
    ...(proof.password ? { certificatePassword: proof.password.reveal() } : {}),
  };
  return new ClientCertificateCredential(tenantId, clientId, certificate, options);
}

/** `ManagedIdentityCredential` cannot be told to look past its cache, which is kept by the library below it for the process. */
async function freshManagedIdentityToken(clientId: string | undefined, resource: string): Promise<Token> {
  const { ManagedIdentityApplication } = await import('@azure/msal-node');
  const application = new ManagedIdentityApplication(
    clientId ? { managedIdentityIdParams: { userAssignedClientId: clientId } } : {},
  );
  const result = await application.acquireToken({ resource, forceRefresh: true });
  if (!result.expiresOn) throw new Error('the identity endpoint answered a token without an expiry');
  return { value: result.accessToken, expiresOn: result.expiresOn };
}
