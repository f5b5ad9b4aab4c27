// Fetches a token for Graph, for each kind of identity.
import type { TokenCredential } from '@azure/identity';
import { PUBLIC_CLOUD } from '../settings/clouds.ts';
import { type GraphIdentity, isLoopback } from '../settings/settings.ts';
import type { FetchToken, Token } from './tokens.ts';

const RETRIES = { retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 } };
// The same limit as for every fetch of a token.
const CLI_TIMEOUT_MS = 15_000;

/**
 * Makes the function that fetches tokens for the Graph at `graphEndpoint`. It loads the identity libraries with the
 * first token: they are the largest part of a cold start, and not every instance needs them.
 */
export function createTokenFetcher(identity: GraphIdentity, graphEndpoint: string): FetchToken {
  const resource = audienceOf(graphEndpoint);
  let credential: Promise<TokenCredential> | undefined;
  return async (fresh) => {
    if (identity.kind === 'managed-identity') return managedIdentityToken(identity.clientId, resource, fresh);
    // The credential caches an app registration's tokens, so a new credential fetches. The Azure CLI is asked each
    // time.
    if (fresh) credential = undefined;
    credential ??= createCredential(identity, fresh);
    return tokenOf(await credential, resource);
  };
}

/** The audience of a token for the Graph at `graphEndpoint`. */
export function audienceOf(graphEndpoint: string): string {
  return isLoopback(new URL(graphEndpoint).hostname) ? PUBLIC_CLOUD.graphs[0] : graphEndpoint;
}

async function tokenOf(credential: TokenCredential, resource: string): Promise<Token> {
  const token = await credential.getToken(`${resource}/.default`);
  if (token === null) throw new Error('the identity library returned no token');
  return { value: token.token, expiresOn: new Date(token.expiresOnTimestamp) };
}

type WithCredential = Exclude<GraphIdentity, { readonly kind: 'managed-identity' }>;

async function createCredential(identity: WithCredential, fresh: boolean): Promise<TokenCredential> {
  const library = await import('@azure/identity');
  if (identity.kind === 'developer') {
    const options = {
      processTimeoutInMs: CLI_TIMEOUT_MS,
      ...(identity.tenantId ? { tenantId: identity.tenantId } : {}),
    };
    return saying('the Azure CLI gave no token, so sign in with az login', new library.AzureCliCredential(options));
  }
  const { tenantId, clientId, authorityHost } = identity;
  const host = authorityHost ?? PUBLIC_CLOUD.authorities[0];
  const options = {
    ...RETRIES,
    // Without it the library reads AZURE_AUTHORITY_HOST of the process, which may belong to another scope.
    authorityHost: host,
    // The library asks Microsoft about an unknown token service. Microsoft does not know one on this machine.
    disableInstanceDiscovery: isLoopback(new URL(host).hostname),
  };
  if (identity.kind === 'federated') {
    const { managedIdentityClientId, exchangeAudience } = identity;
    const assertion = async () => (await managedIdentityToken(managedIdentityClientId, exchangeAudience, fresh)).value;
    return new library.ClientAssertionCredential(tenantId, clientId, assertion, options);
  }
  const { proof } = identity;
  if ('secret' in proof) return new library.ClientSecretCredential(tenantId, clientId, proof.secret.reveal(), options);
  const certificate = {
    certificatePath: proof.certificatePath,
    ...(proof.password ? { certificatePassword: proof.password.reveal() } : {}),
  };
  return new library.ClientCertificateCredential(tenantId, clientId, certificate, options);
}

/** `credential`, with a failure text that says what to do. */
function saying(message: string, credential: TokenCredential): TokenCredential {
  return {
    async getToken(scopes, options) {
      try {
        return await credential.getToken(scopes, options);
      } catch (cause) {
        throw new Error(message, { cause });
      }
    },
  };
}

async function managedIdentityToken(clientId: string | undefined, resource: string, fresh: boolean): Promise<Token> {
  if (fresh) return freshManagedIdentityToken(clientId, resource);
  const { ManagedIdentityCredential } = await import('@azure/identity');
  // All credentials of the process share one cache, so a new one costs no request.
  return tokenOf(
    clientId ? new ManagedIdentityCredential(clientId, RETRIES) : new ManagedIdentityCredential(RETRIES),
    resource,
  );
}

/** `ManagedIdentityCredential` cannot skip its cache, so this uses the library below it. */
async function freshManagedIdentityToken(clientId: string | undefined, resource: string): Promise<Token> {
  const { ManagedIdentityApplication } = await import('@azure/msal-node');
  const application = new ManagedIdentityApplication(
    clientId ? { managedIdentityIdParams: { userAssignedClientId: clientId } } : {},
  );
  const result = await application.acquireToken({ resource, forceRefresh: true });
  if (!result.expiresOn) throw new Error('the identity endpoint returned a token without an expiry');
  return { value: result.accessToken, expiresOn: result.expiresOn };
}
