// Which identity a storage account without a connection string is used with.
import { expect, it, vi } from 'vitest';
import { readConfiguration } from '../../src/settings/settings.ts';
import { storageCredential } from '../../src/storage/storageCredential.ts';
import { startServer } from '../support/localApp.ts';

const RESOURCE_ID =
  '/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mailscope';

/** Asks for a token with these settings. Each call needs its own scope, because the library keeps tokens. */
async function fetchToken(scope: string, more: Record<string, string>): Promise<void> {
  const { settings, faults } = readConfiguration({
    ALLOWED_MAILBOXES: 'support@contoso.example',
    AzureWebJobsStorage__accountName: 'contoso',
    AzureWebJobsStorage__managedIdentityResourceId: RESOURCE_ID,
    ...more,
  });
  expect(faults).toEqual([]);
  if (settings?.storage.kind !== 'identity') throw new Error('the storage has an identity');
  await (await storageCredential(settings.storage)).getToken(`https://${scope}.example/.default`);
}

it('is the one with the resource id, with and without the word managedidentity', async () => {
  const asked: (string | null)[] = [];
  const url = await startServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://localhost').searchParams.get('mi_res_id'));
    const expires_on = String(Math.floor(Date.now() / 1000) + 3_600);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: 'token', expires_on, resource: 'r', token_type: 'Bearer' }));
  });
  // The identity library keeps the endpoint that it found until its process ends.
  vi.stubEnv('IDENTITY_ENDPOINT', `${url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', 'sandbox');
  await fetchToken('first', { AzureWebJobsStorage__credential: 'ManagedIdentity' });
  await fetchToken('second', {});
  expect(asked).toEqual([RESOURCE_ID, RESOURCE_ID]);
});
