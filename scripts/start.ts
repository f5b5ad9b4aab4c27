// `npm start`: the whole of Mailscope on this machine, and what to try with it.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printable, printableLines } from '../src/printable.ts';
import { readScopes } from '../src/settings/scopes.ts';
import { buildBundle } from './shared/buildBundle.ts';
import { portOf } from './shared/ports.ts';
import { startRunSoon } from './stack/callApi.ts';
import { PortsError } from './stack/checkPorts.ts';
import { environmentOver, readLocalSettings } from './stack/localSettings.ts';
import { tell } from './stack/logSentences.ts';
import { type Stack, startStack } from './stack/startStack.ts';
import { summary } from './stack/summary.ts';

const USAGE = `Usage: npm start -- [OPTIONS]

  --port 7071           the functions
  --sandbox-port 7075   the sandbox tenant
  --storage-port 10000  the storage emulator: blob, and queue and table on the two ports after it
  --data DIR            keep the emulator's data there; in memory otherwise
  --instances 1         instances of the functions over one storage; the timer runs in the first
  --keys                ask for function keys, as in Azure`;

/** Enough for several faults, one of which lists every setting of a scope. */
const LONGEST_REASON = 4_000;

const OPTIONS = {
  port: { type: 'string', default: '7071' },
  'sandbox-port': { type: 'string', default: '7075' },
  'storage-port': { type: 'string', default: '10000' },
  data: { type: 'string' },
  instances: { type: 'string', default: '1' },
  keys: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const root = fileURLToPath(new URL('..', import.meta.url));
let stack: Stack | undefined;
let stopping = false;
const stopped = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  try {
    await buildBundle();
    const { scopes } = readScopes(environmentOver(readLocalSettings(root), process.env));
    stack = await startStack({
      ...options,
      root,
      environment: process.env,
      log: (line) => console.log(tell(line, scopes.length > 1)),
      onPartGone(text) {
        if (stopping) return;
        console.error(`${text} Everything else is stopped.`);
        void stop(1);
      },
    });
  } catch (error) {
    if (stopping) return;
    const { message } = error as Error;
    console.error(printableLines(error instanceof PortsError ? message : `It did not start: ${message}`));
    process.exit(1);
  }
  if (stopping) await stop(0);
  else {
    console.log(printableLines(summary(stack, options.ports)));
    await firstRuns(stack);
  }
}

/** Without `--`, npm keeps an option for itself, and passes it on as a variable of its configuration. */
function refuseKeptOptions(): void {
  const kept = Object.keys(OPTIONS).find(
    (name) => process.env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (kept !== undefined) throw new Error(`npm kept --${kept} for itself. Write npm start -- --${kept}.`);
}

/** The options, or undefined when there is nothing to start. */
function readOptions() {
  try {
    refuseKeptOptions();
    const { values } = parseArgs({ options: OPTIONS });
    if (values.help) {
      console.log(USAGE);
      return undefined;
    }
    const ports = {
      functions: portOf('--port', values.port),
      sandbox: portOf('--sandbox-port', values['sandbox-port']),
      storage: portOf('--storage-port', values['storage-port']),
    };
    const instances = countOf('--instances', values.instances);
    return { ports, dataDir: values.data, instances, withKeys: values.keys };
  } catch (error) {
    console.error(`${printable((error as Error).message)}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

function countOf(option: string, text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 16) return count;
  throw new Error(`${option} takes a number from 1 to 16, not "${text}".`);
}

/** The first runs follow at once; without them it would take until the timer's next tick to see anything. */
async function firstRuns({ host, environment }: Stack): Promise<void> {
  const { scopes, faults } = readScopes(environment);
  // A setting of no scope stops none, so no run would tell of it.
  const told = new Set(scopes[0].faults.map(({ message }) => message));
  for (const { message } of faults) if (!told.has(message)) console.error(printable(message));
  await Promise.all(scopes.map(({ name }) => firstRun(host, name, scopes.length > 1 ? ` in ${name}` : '')));
}

async function firstRun(host: Stack['host'], scope: string, where: string): Promise<void> {
  const none = (why: string) => console.error(`No run was started${where}: ${printable(why, LONGEST_REASON)}`);
  try {
    const { status, body } = await startRunSoon(host, stopped.signal, scope);
    if (status !== 202) none(String(body.detail ?? `the app answered ${status}`));
  } catch (error) {
    if (!stopping) none((error as Error).message);
  }
}

async function stop(code: number): Promise<void> {
  if (stopping && code === 0 && !stack) return;
  stopping = true;
  stopped.abort();
  const running = stack;
  stack = undefined;
  await running?.close();
  process.exit(code);
}
