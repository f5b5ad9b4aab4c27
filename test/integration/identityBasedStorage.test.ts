// A storage account with a managed identity: no connection string, tokens over TLS.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../scripts/shared/ports.ts';
import { type Part, startStorage } from '../../scripts/stack/emulatorAndSandbox.ts';
import { type Certificate, createCertificate } from '../support/certificate.ts';
import { type App, type Switches, settingsFor, startApp, startTenant } from '../support/localApp.ts';
import { until } from '../support/until.ts';

let certificate: Certificate;
let tenant: Switches;
let storage: Part;
let app: App;

beforeAll(async () => {
  [certificate, tenant] = await Promise.all([createCertificate(), startTenant()]);
  const port = await freePorts(3);
  storage = await startStorage({ port, tls: certificate.files, log: () => undefined });
  const { AzureWebJobsStorage: _, ...settings } = settingsFor(tenant.sandbox.url);
  app = await startApp({
    ...settings,
    ALLOWED_MAILBOXES: 'support@contoso.example',
    AzureWebJobsStorage__tableServiceUri: `https://127.0.0.1:${port + 2}/devstoreaccount1`,
    AzureWebJobsStorage__queueServiceUri: `https://127.0.0.1:${port + 1}/devstoreaccount1`,
    AzureWebJobsStorage__credential: 'managedidentity',
    NODE_EXTRA_CA_CERTS: certificate.files.cert,
  });
});

afterAll(async () => {
  await app.host.close();
  await Promise.all([storage.stop(), tenant.sandbox.close(), certificate.remove()]);
});

it('keeps runs, and puts shards on the queue', async () => {
  await fetch(`${app.host.url}/admin/functions/pollMailboxes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const healthy = async () => {
    const { body } = await app.get('health');
    expect(body, app.logs.join('\n')).toMatchObject({ status: 'healthy', problems: [] });
  };
  await until(healthy);
  const { body } = await app.get('mailboxes');
  expect(body.value).toMatchObject([{ verdict: 'compliant' }, { verdict: 'compliant' }]);
  // The local host does not listen to this queue: it needs a connection string, and says so.
  expect((await fetch(`${app.host.url}/api/runs`, { method: 'POST' })).status).toBe(202);
  expect(app.logs.join('\n')).toContain(
    'The function pollShard does not run. The local host needs a connection string in AzureWebJobsStorage.',
  );
});
