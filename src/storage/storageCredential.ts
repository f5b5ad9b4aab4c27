// The credential for the storage account when there is no connection string.
import type { TokenCredential } from '@azure/identity';
import type { StorageSettings } from '../settings/settings.ts';

type IdentityBased = Extract<StorageSettings, { readonly kind: 'identity' }>;

/** The identity that `AzureWebJobsStorage__credential` and `__clientId` name. The platform reads them the same way. */
export async function storageCredential({ credential, clientId }: IdentityBased): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  if (credential !== 'managedidentity') {
    return new DefaultAzureCredential(clientId ? { managedIdentityClientId: clientId } : {});
  }
  return clientId ? new ManagedIdentityCredential(clientId) : new ManagedIdentityCredential();
}
