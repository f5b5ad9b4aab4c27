// The small npm commands as real processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../scripts/shared/ports.ts';
import { DEAD_PORT } from '../support/emulator.ts';
import { ROOT, startServer } from '../support/localApp.ts';
import { until } from '../support/until.ts';

const RUN = join(ROOT, 'scripts/run.mjs');

function start(args: readonly string[]): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

it.each(['demo', 'build', 'check', 'format'])('npm run %s refuses options, for it has none', async (name) => {
  const stderr = `npm run ${name} takes no options, so "--fast" is not understood.\n`;
  expect(await run([RUN, name, '--fast'])).toEqual({ code: 2, stdout: '', stderr });
});

it.each(['demo', 'check'])('npm run %s has an answer to --help', async (name) => {
  expect(await run([RUN, name, '--help'])).toEqual({
    code: 0,
    stdout: `npm run ${name} takes no options.\n`,
    stderr: '',
  });
});

it('a wrong format is followed by the command that settles it', async () => {
  const tools = new URL('../../scripts/shared/runTools.ts', import.meta.url).href;
  const { code, stderr } = await run([
    '--input-type=module',
    '--eval',
    `import { FORMAT_AND_LINT, runAll } from '${tools}';
     process.exitCode = await runAll([{ ...FORMAT_AND_LINT, args: ['check', 'a file that is not there'] }]);`,
  ]);
  expect(stderr).toContain('Failed: format and lint. `npm run format` settles the format, and what lint can fix.');
  expect(code).toBe(1);
});

describe('npm run alert:test', () => {
  it('says what it takes', async () => {
    const stderr = 'npm run alert:test takes --scope and --sandbox-port, not "--loud".\n';
    expect(await run([RUN, 'alertTest', '--loud'])).toEqual({ code: 3, stdout: '', stderr });
  });

  it('prints its options for --help, and sends nothing', async () => {
    const { code, stdout, stderr } = await run([RUN, 'alertTest', '--help', '--sandbox-port', `${DEAD_PORT}`]);
    expect(stdout).toMatch(/^Usage: npm run alert:test -- \[OPTIONS\]\n.*--scope NAME/s);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('says that the sandbox has the receiver, when nothing answers there', async () => {
    const { code, stdout } = await run([RUN, 'alertTest', '--sandbox-port', `${DEAD_PORT}`]);
    expect(stdout).toContain('The receiver is the sandbox. Start it with npm start.');
    expect(code).toBe(1);
  });
});

describe('npm run alert:test with several scopes', () => {
  /** The headlines that the receiver got, and what the command printed. */
  async function alertTest(args: readonly string[], settings: Record<string, string>) {
    const got: string[] = [];
    const url = await startServer(async (request, response) => {
      got.push(JSON.parse(await text(request)).data.headline);
      response.writeHead(request.url === '/gone' ? 410 : 202).end();
    });
    const env = { SCOPES: 'default crm hr', ALERT_WEBHOOK_URL: url, ...settings };
    const urls = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('URL', url)]));
    return { got, ...(await run([RUN, 'alertTest', ...args], { ...process.env, ...urls })) };
  }

  const ACCEPTED = 'The webhook answered 202: the alert was accepted.';
  const NONE = 'ALERT_WEBHOOK_URL is not set, so there is no receiver.';
  const headline = (scope: string) => `Mailscope (${scope}): this is a test alert`;

  it('sends one for each scope with a webhook, and says which', async () => {
    expect(await alertTest([], { hr__ALERT_WEBHOOK_URL: '' })).toEqual({
      code: 0,
      stdout: `default: ${ACCEPTED}\ncrm: ${ACCEPTED}\nhr: ${NONE}\n`,
      stderr: '',
      got: [headline('default'), headline('crm')],
    });
  });

  it('sends one for the scope of --scope', async () => {
    const sent = await alertTest(['--scope', 'crm'], { hr__GRAPH_IDENTITY: 'me' });
    expect(sent).toEqual({ code: 0, stdout: `${ACCEPTED}\n`, stderr: '', got: [headline('crm')] });
    const stderr = '--scope: there is no scope "it". Use one of default, crm, hr.\n';
    expect(await alertTest(['--scope', 'it'], {})).toEqual({ code: 3, stdout: '', stderr, got: [] });
  });

  it.each<[number, Record<string, string>, string]>([
    [1, { crm__ALERT_WEBHOOK_URL: 'URL/gone', hr__GRAPH_IDENTITY: 'me' }, 'hr: hr__GRAPH_IDENTITY is "me".'],
    [3, { crm__ALERT_WEBHOOK_URL: 'x' }, 'crm: crm__ALERT_WEBHOOK_URL is not an https address.'],
    [3, { it__ALERT_WEBHOOK_URL: 'URL' }, 'it__ALERT_WEBHOOK_URL belongs to no scope'],
  ])('ends with %i for %j', async (code, settings, says) => {
    const sent = await alertTest([], settings);
    expect(sent).toMatchObject({ code, stderr: expect.stringContaining(says) });
    expect(sent.got.length).toBeGreaterThan(1);
  });

  it('ends with 3 when none has a webhook', async () => {
    expect(await alertTest([], { ALERT_WEBHOOK_URL: '' })).toMatchObject({ code: 3, got: [] });
  });
});

describe('npm run sandbox -- serve', () => {
  it('is the tenant alone, until somebody stops it', async () => {
    const port = await freePorts(1);
    const child = start([RUN, 'sandbox', 'serve', '--sandbox-port', `${port}`]);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const said = `The sandbox tenant is at http://127.0.0.1:${port}. Ctrl-C stops it.\n`;
    await until(() => expect(output).toBe(said));
    expect((await fetch(`http://127.0.0.1:${port}/sandbox/state`)).status).toBe(200);
    child.kill('SIGINT');
    await once(child, 'exit');
    await expect(fetch(`http://127.0.0.1:${port}/sandbox/state`)).rejects.toThrow();
  });

  it('names the option when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as { readonly port: number };
    const { code, stderr } = await run([RUN, 'sandbox', 'serve', '--sandbox-port', `${port}`]);
    expect(stderr).toBe(`Port ${port} is in use: choose another one with --sandbox-port.\n`);
    expect(code).toBe(1);
  });
});
