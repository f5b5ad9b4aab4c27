// The credential for the storage account when there is no connection string.
import type { TokenCredential } from '@azure/identity';
import type { StorageSettings } from '../settings/settings.ts';

type IdentityBased = Extract<StorageSettings, { readonly kind: 'identity' }>;

/**
 * The identity that `AzureWebJobsStorage__credential`, and `__clientId` or `__managedIdentityResourceId` name. The platform
 * reads them the same way.
 */
export async function storageCredential({ credential, clientId, resourceId }: IdentityBased): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  if (credential !== 'managedidentity') {
    if (resourceId) return new DefaultAzureCredential({ managedIdentityResourceId: resourceId });
    return new DefaultAzureCredential(clientId ? { managedIdentityClientId: clientId } : {});
  }
  if (resourceId) return new ManagedIdentityCredential({ resourceId });
  return clientId ? new ManagedIdentityCredential(clientId) : new ManagedIdentityCredential();
}
