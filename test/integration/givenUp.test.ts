// A shard that fails with every try: the platform moves its message to the poison queue, and its run ends.
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { statePosition } from '../../src/storage/keys.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { until } from '../support/until.ts';

const CCH = 'cch@contoso.example';

let emulator: Emulator;
let tenant: Switches;
let app: App;
let connection: string;

beforeAll(async () => {
  [emulator, tenant] = await Promise.all([startEmulator(), startTenant()]);
  connection = emulator.nextAccount();
  app = await startApp({
    ...settingsFor(tenant.sandbox.url),
    ALLOWED_MAILBOXES: 'support@contoso.example',
    PROPAGATION_MINUTES: '0',
    POLL_SCHEDULE: '0 0 0 1 1 *',
    AzureWebJobsStorage: connection,
    AzureFunctionsJobHost__extensions__queues__visibilityTimeout: '00:00:01',
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
    AzureFunctionsJobHost__extensions__queues__maxDequeueCount: '2',
  });
});

afterAll(async () => {
  await app.host.close();
  await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
});

/** Starts a run; answers its id. */
async function startRun(): Promise<string> {
  const response = await fetch(`${app.host.url}/api/runs`, { method: 'POST' });
  const { id } = (await response.json()) as { readonly id: string };
  expect(response.status).toBe(202);
  return id;
}

const ended = (id: string, status: string) =>
  until(async () => expect((await app.get(`runs/${id}`)).body, app.logs.join('\n')).toMatchObject({ status }));

it('is given up, its run ends as incomplete, and the next starts at once', async () => {
  await ended(await startRun(), 'completed');
  const mailboxes = TableClient.fromConnectionString(connection, 'Mailboxes', { allowInsecureConnection: true });
  const { partition, row } = statePosition(CCH);
  // No try of the shard can read this state.
  const broken = { partitionKey: partition, rowKey: row, openDrift: '{ no JSON' };
  await mailboxes.updateEntity(broken, 'Merge');
  await ended(await startRun(), 'incomplete');
  expect(app.logs.join('\n')).toContain('"event":"shard.given-up"');
  await mailboxes.deleteEntity(partition, row);
  await ended(await startRun(), 'completed');
});
