// Measures a cold start with bare Node, with the bundle and with unbundled modules. It also measures the first answer
// of
// Graph, with and without the app.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startLocalHost } from '../localHost/host.ts';
import { buildBundle } from '../scripts/shared/buildBundle.ts';
import { freePorts } from '../scripts/shared/ports.ts';
import { startSandboxProcess } from '../scripts/stack/emulatorAndSandbox.ts';
import { sandboxSettings } from '../scripts/stack/localSettings.ts';
import { median, report } from './support/report.ts';

const ROUNDS = 20;

const root = fileURLToPath(new URL('..', import.meta.url));
// Loads the module in `argv[1]`, if there is one, as the host's worker does.
const LOADER = `
  import { installFunctionsCore } from './localHost/functionsCore.ts';
  installFunctionsCore();
  if (process.argv[1]) await import(process.argv[1]);
`;

const MAILBOX = 'support@contoso.example';
/** The same question without the app: a token, then the newest message. */
const DIRECT = `
  const [graph] = process.argv.slice(1);
  const token = await fetch(graph + '/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com', { headers: { 'x-identity-header': 'sandbox' } });
  const authorization = 'Bearer ' + (await token.json()).access_token;
  const answer = await fetch(graph + '/v1.0/users/${MAILBOX}/mailFolders/inbox/messages?$top=1', { headers: { authorization } });
  if (answer.status !== 200) throw new Error(String(answer.status));
`;

await buildBundle();
const port = await freePorts(1);
const sandbox = await startSandboxProcess({ port, log: console.error });
const sides = { bare: '', bundle: './dist/index.js', unbundled: './src/index.ts' };
const samples: Record<string, number[]> = { bare: [], bundle: [], unbundled: [] };
for (let round = -1; round < ROUNDS; round += 1) {
  for (const [side, entry] of Object.entries(sides)) {
    const ms = load(entry);
    if (round >= 0) samples[side]?.push(ms);
  }
}
const direct: number[] = [];
const throughApp: number[] = [];
try {
  for (let round = -1; round < ROUNDS; round += 1) {
    const [a, b] = [run(['--input-type=module', '-e', DIRECT, `http://127.0.0.1:${port}`]), await firstAnswer()];
    if (round < 0) continue;
    direct.push(a);
    throughApp.push(b);
  }
} finally {
  await sandbox.stop();
}
const { bare = [], bundle = [], unbundled = [] } = samples;
report(
  'start',
  [
    { what: 'bare Node', samples: bare },
    { what: 'the bundle', samples: bundle },
    { what: 'the same, unbundled', samples: unbundled },
    { what: 'first answer, bare Node asks Graph', samples: direct },
    { what: 'first answer, the functions process', samples: throughApp },
  ],
  {
    bundleMs: median(bundle) - median(bare),
    unbundledMs: median(unbundled) - median(bare),
    firstAnswerMs: median(throughApp) - median(direct),
    bundleToUnbundled: (median(bundle) - median(bare)) / (median(unbundled) - median(bare)),
  },
);

function load(entry: string): number {
  return run(['--input-type=module', '-e', LOADER, ...(entry ? [entry] : [])]);
}

function run(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', ...args], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - startedAt;
}

/** The time from the start of the functions process to its first answer over HTTP, with a token and Graph. */
async function firstAnswer(): Promise<number> {
  const env = {
    PATH: process.env.PATH,
    ALLOWED_MAILBOXES: MAILBOX,
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    ...sandboxSettings({ sandbox: port }),
    'AzureWebJobs.pollShard.Disabled': 'true',
    'AzureWebJobs.deliverAlert.Disabled': 'true',
  };
  const startedAt = performance.now();
  const host = await startLocalHost({ root, port: 0, env, withKeys: false, log: () => undefined });
  try {
    const response = await fetch(`${host.url}/api/mailboxes/${MAILBOX}/latest-subject`);
    if (response.status !== 200) throw new Error(`the app answered ${response.status}`);
    return performance.now() - startedAt;
  } finally {
    await host.close();
  }
}
