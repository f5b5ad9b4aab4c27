// `npm run demo`: the whole story unattended. Exits 0 only when every step was seen.
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { printable } from '../src/printable.ts';
import { buildBundle } from './shared/buildBundle.ts';
import { takeNoOptions } from './shared/noOptions.ts';
import { freePorts } from './shared/ports.ts';
import { callApi, startRunSoon } from './stack/callApi.ts';
import { tell } from './stack/logSentences.ts';
import { type Stack, startStack } from './stack/startStack.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const STEP_MS = 10_000;

takeNoOptions();
const root = fileURLToPath(new URL('..', import.meta.url));
const startedAt = performance.now();
let stack: Stack | undefined;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(130));
try {
  stack = await start();
  await play(stack);
  await end(0);
} catch (error) {
  console.error(`\nThe demo failed: ${printable((error as Error).message)}`);
  await end(1);
}

async function start(): Promise<Stack> {
  say('Storage emulator, sandbox tenant and functions are started on ports of their own.');
  await buildBundle();
  const first = await freePorts(5);
  const { GRAPH_ENDPOINT: _, AzureWebJobsStorage: __, ...environment } = process.env;
  return startStack({
    root,
    ports: { functions: first, sandbox: first + 1, storage: first + 2 },
    dataDir: undefined,
    withKeys: false,
    instances: 1,
    environment: {
      ...environment,
      GRAPH_ENDPOINT: `http://127.0.0.1:${first + 1}`,
      GRAPH_IDENTITY: 'managed-identity',
      ALLOWED_MAILBOXES: SUPPORT,
      DENIED_MAILBOXES: CCH,
      ALERT_WEBHOOK_URL: `http://127.0.0.1:${first + 1}/sandbox/webhook`,
      // No tick of the timer comes between the steps.
      POLL_SCHEDULE: '0 0 0 1 1 *',
    },
    log: (line) => console.log(`     ${tell(line)}`),
    onPartGone: (text) => void fail(text),
  });
}

async function play({ host, sandboxUrl }: Stack): Promise<void> {
  const policy = (body: object) => fetch(`${sandboxUrl}/sandbox/policy`, { method: 'PUT', body: JSON.stringify(body) });

  say(`A run asks Graph: ${SUPPORT} must answer, ${CCH} must be refused.`);
  await run(host);
  await expectVerdict(host, SUPPORT, 'compliant');
  await expectVerdict(host, CCH, 'compliant');

  say('Somebody deletes the application access policy.');
  await policy({ mechanism: 'none' });
  await run(host);
  const { openDrift } = await expectVerdict(host, CCH, 'breach');
  const { requestId, checkedAt } = (openDrift as Drift | undefined)?.evidence.opened ?? {};
  if (!requestId || !checkedAt) throw new Error('the breach is on record without the id and time of the request');
  console.log(`  ✓ on record: Graph's request ${printable(requestId)} at ${checkedAt}`);

  await expectAlert(sandboxUrl, '1 breach opened');

  say('The policy is restored.');
  await policy({ mechanism: 'application-access-policy', members: [SUPPORT] });
  await run(host);
  await expectVerdict(host, CCH, 'compliant');
  const { body } = await callApi(host, `drift?mailbox=${CCH}`);
  const [drift] = body.value as readonly Drift[];
  if (drift?.closedBecause !== 'refused') throw new Error('the drift is not closed');
  console.log(`  ✓ drift ${drift.kind} opened ${drift.openedAt}, closed ${drift.closedAt}: refused again`);
  await expectAlert(sandboxUrl, '1 breach recovered');
  console.log(`\nEvery step was seen, in ${((performance.now() - startedAt) / 1000).toFixed(1)} seconds.`);
}

interface Drift {
  readonly kind: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closedBecause: string | null;
  readonly evidence: { readonly opened: { readonly requestId: string | null; readonly checkedAt: string } };
}

/** Starts a run and waits for its end. */
async function run(host: Stack['host']): Promise<void> {
  const { status, body } = await startRunSoon(host, AbortSignal.timeout(STEP_MS));
  if (status !== 202) throw new Error(`no run was started: ${body.detail ?? status}`);
  const deadline = performance.now() + STEP_MS;
  while (performance.now() < deadline) {
    const { body: seen } = await callApi(host, `runs/${body.id}`);
    if (seen.status === 'completed') return;
    await wait(50);
  }
  throw new Error(`the run ${body.id} was not completed within ${STEP_MS / 1000} seconds`);
}

async function expectVerdict(host: Stack['host'], mailbox: string, verdict: string) {
  const { body } = await callApi(host, `mailboxes/${mailbox}`);
  if (body.verdict !== verdict) throw new Error(`${mailbox} is ${body.verdict}, not ${verdict}`);
  console.log(`  ✓ ${mailbox} is ${verdict}`);
  return body;
}

/** Waits until the receiver has such an alert. */
async function expectAlert(sandboxUrl: string | undefined, headline: string): Promise<void> {
  const deadline = performance.now() + STEP_MS;
  while (performance.now() < deadline) {
    const response = await fetch(`${sandboxUrl}/sandbox/alerts`);
    const { value } = (await response.json()) as { readonly value: readonly { readonly body: unknown }[] };
    if (value.some(({ body }) => JSON.stringify(body).includes(headline))) {
      console.log(`  ✓ an alert arrived: ${headline}`);
      return;
    }
    await wait(50);
  }
  throw new Error(`no alert arrived that says "${headline}"`);
}

function say(text: string): void {
  console.log(`\n${text}`);
}

function fail(text: string): void {
  console.error(text);
  void end(1);
}

async function end(code: number): Promise<void> {
  const running = stack;
  stack = undefined;
  await running?.close();
  process.exit(code);
}
