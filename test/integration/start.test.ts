// `npm start` as a person runs it: real processes, ports and signals.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../scripts/shared/ports.ts';
import { ROOT } from '../support/localApp.ts';
import { until } from '../support/until.ts';

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, script = 'start'): Started {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/run.mjs'), script, ...args], {
    env: { ...process.env, npm_lifecycle_event: '', ...env },
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

const base = await freePorts(13);
const PORTS = ['--port', `${base}`, '--sandbox-port', `${base + 1}`, '--storage-port', `${base + 10}`];

function untilRunning({ output }: Started): Promise<void> {
  return until(() => expect(output()).toContain('Ctrl-C stops everything.'));
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

async function serving(): Promise<boolean[]> {
  return Promise.all([base, base + 1, base + 10, base + 11, base + 12].map(answers));
}

const NONE = [false, false, false, false, false];

describe('npm start', () => {
  it('starts everything, says what to try, and stops everything on Ctrl-C', async () => {
    const it = run([...PORTS, '--keys']);
    await untilRunning(it);
    expect(await serving()).toEqual([true, true, true, true, true]);
    expect(it.output()).toContain(`\n  page       http://127.0.0.1:${base}/api/dashboard\n`);
    expect(it.output()).toContain(`http://127.0.0.1:${base}/api (dashboard, deliverAlert, `);
    expect(it.output()).toContain(`http://127.0.0.1:${base + 1} (the sandbox tenant)`);
    const [, key = ''] = /x-functions-key: ([\w-]+)/.exec(it.output()) ?? [];
    const url = `http://127.0.0.1:${base}/api/mailboxes/support@contoso.example/latest-subject`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { 'x-functions-key': key } })).status).toBe(200);

    it.child.kill('SIGINT');
    const [code] = await once(it.child, 'exit');
    expect(code).toBe(0);
    expect(await serving()).toEqual(NONE);
  });

  it('leaves nothing behind when it is killed', async () => {
    const it = run(PORTS);
    await untilRunning(it);
    it.child.kill('SIGKILL');
    await until(async () => expect(await serving()).toEqual(NONE));
  });

  it('leaves nothing behind when npm is killed', async () => {
    const npm = spawn('npm', ['start', '--', ...PORTS], { cwd: ROOT });
    started.push(npm);
    let output = '';
    npm.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await untilRunning({ child: npm, output: () => output });
    npm.kill('SIGKILL');
    await until(async () => expect(await serving()).toEqual(NONE));
  });

  it('says how to call the other commands for its ports, and they find its parts there', async () => {
    const it = run(PORTS);
    await untilRunning(it);
    const commands = [...it.output().matchAll(/^ +npm run (ask|doctor|alert:test) -- (.+)$/gm)];
    expect(commands.map(([, name]) => name)).toEqual(['alert:test', 'ask', 'doctor']);
    for (const [, name, options = ''] of commands) {
      const other = run(options.split(' '), {}, name === 'alert:test' ? 'alertTest' : name);
      const [code] = await once(other.child, 'close');
      expect(code, other.output()).toBe(0);
      expect(other.output()).not.toContain('nobody is alerted');
    }
  });

  it('tells the first story to its end: the policy is removed, and the breach has a probable cause', async () => {
    // No tick of the timer comes between.
    const it = run(PORTS, { POLL_SCHEDULE: '0 0 0 1 1 *' });
    await untilRunning(it);
    const api = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${base}/api/${path}`, { method });
    const valuesOf = async (path: string) =>
      ((await (await api(path)).json()) as { readonly value: readonly Record<string, unknown>[] }).value;
    await until(async () => expect(await valuesOf('runs')).toMatchObject([{ status: 'completed' }]));
    await fetch(`http://127.0.0.1:${base + 1}/sandbox/policy`, { method: 'PUT', body: '{ "mechanism": "none" }' });

    // The answer starts a run.
    expect((await api('mailboxes/cch@contoso.example/latest-subject')).status).toBe(403);
    await until(async () => {
      const drift = await valuesOf('drift');
      expect(drift.map(({ mailbox }) => mailbox)).toEqual(['cch@contoso.example', 'ceo@contoso.example']);
      for (const { probableCause } of drift) expect(probableCause).toMatch(/^The policy is gone/);
    });
  });

  it('starts a run in every scope, and names the scopes', async () => {
    const scopes = {
      SCOPES: 'default, crm, hr',
      crm__ALLOWED_MAILBOXES: 'support@contoso.example',
      crm__DENIED_MAILBOXES: 'hr@contoso.example',
      hr__GRAPH_IDENTITY: 'me',
      hr__GRAPH_RESSOURCE: 'mail',
      hr__POLL_SCHEDULE: '0 0 0 1 1 *',
      crn__STORE_SUBJECTS: 'false',
    };
    // No tick of the timer comes between.
    const it = run([...PORTS, '--keys'], { POLL_SCHEDULE: '0 0 0 1 1 *', ...scopes });
    await until(() => {
      expect(it.output()).toMatch(/^default: Run 1: 3 mailboxes, /m);
      expect(it.output()).toMatch(/^crm: Run 1: 2 mailboxes, /m);
      // A long list of settings does not hide the fault after it.
      expect(it.output()).toMatch(/^No run was started in hr: .*hr__GRAPH_IDENTITY.*HEARTBEAT_URL.*hr__POLL_SCHEDULE/m);
    });
    // It stops no scope, and nobody meant it so.
    expect(it.output()).toMatch(/^crn__STORE_SUBJECTS belongs to no scope/m);
    expect(it.output()).toMatch(/^ {2}scopes {5}default, crm, hr$/m);
    expect(await (await fetch(`http://127.0.0.1:${base}/`)).text()).toContain('href="/api/dashboard"');
    expect(it.output()).toContain(`  npm run ask -- --scope crm --sandbox-port ${base + 1}\n`);
    const [command = ''] = /curl -H .*mailboxes\?scope=crm"/.exec(it.output()) ?? [];
    const curl = spawn('sh', ['-c', `${command} --silent`]);
    const { value } = JSON.parse(await text(curl.stdout)) as {
      readonly value: readonly { readonly mailbox: string }[];
    };
    expect(value.map(({ mailbox }) => mailbox)).toEqual(['hr@contoso.example', 'support@contoso.example']);
    it.child.kill('SIGTERM');
    await once(it.child, 'exit');
  });

  it('goes on without a run when another app uses the tables', async () => {
    const data = await mkdtemp(join(tmpdir(), 'mailscope-'));
    const args = [...PORTS, '--data', data];
    const env = { POLL_SCHEDULE: '0 0 0 1 1 *' };
    const first = run(args, { ...env, OWNER: 'func-mailscope' });
    await until(() => expect(first.output()).toMatch(/^Run 1: /m));
    first.child.kill('SIGTERM');
    await once(first.child, 'exit');

    const it = run(args, env);
    await until(() => expect(it.output()).toContain('No run was started: The tables are in use by "func-mailscope"'));
    expect((await fetch(`http://127.0.0.1:${base}/api/runs`)).status).toBe(200);
    it.child.kill('SIGTERM');
    await once(it.child, 'exit');
    await rm(data, { recursive: true });
  });

  it('notices two options that ask for the same port', async () => {
    const it = run(['--port', `${base}`, '--sandbox-port', `${base}`, '--storage-port', `${base + 10}`]);
    const [code] = await once(it.child, 'close');
    expect(code).toBe(1);
    // Nobody else has it.
    expect(it.output()).toBe(`Port ${base} is asked for by --port and --sandbox-port: choose another one.\n`);
  });

  it('names all ports that are taken at once, each with its option', async () => {
    const others = [base, base + 1, base + 10, base + 12].map((port) => createServer().listen(port, '127.0.0.1'));
    await Promise.all(others.map((other) => once(other, 'listening')));
    const it = run(PORTS);
    const [code] = await once(it.child, 'close');
    for (const other of others) other.close();
    expect(code).toBe(1);
    expect(it.output()).toBe(
      `Port ${base} is in use: choose another one with --port.\n` +
        `Port ${base + 1} is in use: choose another one with --sandbox-port.\n` +
        `Ports ${base + 10}, ${base + 12} are in use: choose another one with --storage-port.\n`,
    );
    expect(await serving()).toEqual(NONE);
  });

  it('refuses options that it does not know', async () => {
    const it = run(['--prot', '1']);
    const [code] = await once(it.child, 'exit');
    expect(code).toBe(2);
    expect(it.output()).toContain('Usage: npm start');
  });

  it('says so when npm kept an option for itself', async () => {
    const it = run([], { npm_config_sandbox_port: 'true' });
    const [code] = await once(it.child, 'exit');
    expect(code).toBe(2);
    expect(it.output()).toContain('npm kept --sandbox-port for itself. Write npm start -- --sandbox-port.');
  });

  it('starts no sandbox when the settings name a real tenant', async () => {
    const it = run(PORTS, { GRAPH_ENDPOINT: 'https://graph.microsoft.com' });
    await untilRunning(it);
    expect((await serving())[1]).toBe(false);
    expect(it.output()).toContain('Graph      https://graph.microsoft.com');
    it.child.kill('SIGTERM');
    await once(it.child, 'exit');
  });
});
