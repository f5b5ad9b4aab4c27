// Measures what the function adds to a call of Graph: the same question, alternately to Graph and through the app.
import { fileURLToPath } from 'node:url';
import { startLocalHost } from '../localHost/host.ts';
import { buildBundle } from '../scripts/shared/buildBundle.ts';
import { freePorts } from '../scripts/shared/ports.ts';
import { startSandboxProcess } from '../scripts/stack/emulatorAndSandbox.ts';
import { sandboxSettings } from '../scripts/stack/localSettings.ts';
import { quantile, report } from './support/report.ts';
import { fetchToken } from './support/slowTenant.ts';

const PAIRS = 3_000;
const WARM_UP = 300;
const MAILBOX = 'support@contoso.example';

const root = fileURLToPath(new URL('..', import.meta.url));
const port = await freePorts(1);
await buildBundle();
const sandbox = await startSandboxProcess({ port, log: console.error });
const graph = `http://127.0.0.1:${port}`;
const env = {
  PATH: process.env.PATH,
  ALLOWED_MAILBOXES: MAILBOX,
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  ...sandboxSettings({ sandbox: port }),
};
const host = await startLocalHost({ root, port: 0, env, withKeys: false, log: () => undefined });

try {
  const token = await fetchToken(graph);
  const query = '$top=1&$select=id,subject,receivedDateTime&$orderby=receivedDateTime desc';
  const direct = () =>
    timed(`${graph}/v1.0/users/${MAILBOX}/mailFolders/inbox/messages?${query}`, { authorization: `Bearer ${token}` });
  const through = () => timed(`${host.url}/api/mailboxes/${MAILBOX}/latest-subject`, {});

  const graphMs: number[] = [];
  const appMs: number[] = [];
  for (let pair = -WARM_UP; pair < PAIRS; pair += 1) {
    const [a, b] = pair % 2 === 0 ? [await direct(), await through()] : [await through(), await direct()].reverse();
    if (pair < 0) continue;
    graphMs.push(a ?? Number.NaN);
    appMs.push(b ?? Number.NaN);
  }
  const added = (share: number) => quantile(appMs, share) - quantile(graphMs, share);
  const rows = [
    { what: 'directly to Graph', samples: graphMs },
    { what: 'through the function', samples: appMs },
  ];
  report('latest-subject', rows, { addedMedianMs: added(0.5), addedP99Ms: added(0.99) });
} finally {
  await Promise.all([host.close(), sandbox.stop()]);
}

async function timed(url: string, headers: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url, { headers });
  await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return performance.now() - startedAt;
}
