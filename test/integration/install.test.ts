// The first command in a fresh clone, as real processes. npm is a stand-in that installs one package.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../support/localApp.ts';
import { until } from '../support/until.ts';

/** Notes a port that it serves as long as it lives, and its arguments; waits while there is a file `hold`; installs. */
const NPM = `
  import { appendFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
  import { once } from 'node:events';
  import { createServer } from 'node:net';
  import { setTimeout as wait } from 'node:timers/promises';
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  appendFileSync('calls', server.address().port + ' ' + process.argv.slice(2).join(' ') + '\\n');
  while (existsSync('hold')) await wait(20);
  if (existsSync('fail')) process.exit(1);
  mkdirSync('node_modules/one', { recursive: true });
  writeFileSync('node_modules/one/package.json', '{}');
  cpSync('package-lock.json', 'node_modules/.package-lock.json');
  process.exit(0);
`;

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'mailscope-'));
  onTestFinished(() => rmSync(clone, { recursive: true, force: true }));
  mkdirSync(join(clone, 'scripts'));
  cpSync(join(ROOT, 'scripts/run.mjs'), join(clone, 'scripts/run.mjs'));
  cpSync(join(ROOT, 'scripts/shared'), join(clone, 'scripts/shared'), { recursive: true });
  write('scripts/hello.ts', `console.log('It ran.' as string);`);
  write('package.json', '{ "type": "module" }');
  write('package-lock.json', '{ "packages": { "": {}, "node_modules/one": { "version": "1.0.0" } } }');
  write('npm.mjs', NPM);
});

function write(name: string, text: string): void {
  writeFileSync(join(clone, name), text);
}

function calls(): string[] {
  return has('calls') ? readFileSync(join(clone, 'calls'), 'utf8').trimEnd().split('\n') : [];
}

function has(name: string): boolean {
  return existsSync(join(clone, name));
}

interface Command {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** The exit code, when all that it printed is here. */
  readonly ended: Promise<number | null>;
}

function start(nodeOptions: readonly string[] = []): Command {
  const child = spawn(process.execPath, [...nodeOptions, 'scripts/run.mjs', 'hello'], {
    cwd: clone,
    env: { ...process.env, npm_lifecycle_event: '', npm_execpath: join(clone, 'npm.mjs') },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code) };
}

async function run(
  nodeOptions?: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { ended, output } = start(nodeOptions);
  const code = await ended;
  expect(output()).not.toMatch(/^\s+at /m);
  return { code, output: output() };
}

async function untilInstalling(): Promise<void> {
  await until(() => expect(calls()).toHaveLength(1));
}

describe('the first command in a fresh clone', () => {
  it('installs once, and says before how long that takes and how much comes', async () => {
    const { code, output } = await run();
    expect(output).toMatch(
      /^Installing what package-lock.json says, once: about 1 to 3 minutes, about \d+ MB in node_modules …\nIt ran.\n$/,
    );
    expect(code).toBe(0);
    expect(calls()).toEqual([expect.stringMatching(/^\d+ ci /)]);
    expect(has('.installing')).toBe(false);

    expect(await run()).toEqual({ code: 0, output: 'It ran.\n' });
    expect(calls()).toHaveLength(1);
  });

  it('installs once when two come at the same time', async () => {
    write('hold', '');
    const first = start();
    await untilInstalling();
    const second = start();
    await until(() => expect(second.output()).toContain('Another process is installing'));
    rmSync(join(clone, 'hold'));
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    expect(second.output()).toContain('It ran.');
    expect(calls()).toHaveLength(1);
  });

  it('takes over from one that was killed, whose npm is gone with it', async () => {
    write('hold', '');
    const killed = start();
    await untilInstalling();
    const [npm = ''] = calls();
    const connection = connect(Number.parseInt(npm, 10), '127.0.0.1');
    await once(connection, 'connect');
    const isGone = new Promise((resolve) => connection.on('error', resolve).on('close', resolve));
    killed.child.kill('SIGKILL');
    await isGone;
    rmSync(join(clone, 'hold'));
    // A minute later.
    utimesSync(join(clone, '.installing'), new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    const { code, output } = await run();
    expect(output).toMatch(/^An earlier install was stopped before its end .*\nInstalling .*\nIt ran.\n$/);
    expect(code).toBe(0);
    expect(has('.installing')).toBe(false);
  });

  it('gives the lock back when somebody stops it', async () => {
    write('hold', '');
    const stopped = start();
    await untilInstalling();
    stopped.child.kill('SIGINT');
    expect(await stopped.ended).toBe(130);
    expect(has('.installing')).toBe(false);
  });

  it('says so when npm fails', async () => {
    write('fail', '');
    const { code, output } = await run();
    expect(output).toContain('npm ci failed, see above.');
    expect(code).toBe(1);
    expect(has('.installing')).toBe(false);
  });

  it.each([
    ['EROFS', 'it is read-only'],
    ['EACCES', 'it belongs to somebody else'],
    ['ENOSPC', 'the disk is full'],
  ])('says what to do where nothing can be written (%s)', async (errorCode, why) => {
    const fault = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      fs.writeFileSync = () => { throw Object.assign(new Error('of the system'), { code: '${errorCode}' }); };
      syncBuiltinESMExports();
    `;
    const { code, output } = await run(['--import', `data:text/javascript,${encodeURIComponent(fault)}`]);
    expect(output).toContain(`Mailscope has to install its packages, and cannot write into`);
    expect(output).toContain(`: ${why}. Make the folder writable, or copy it`);
    expect(code).toBe(1);
    expect(calls()).toEqual([]);
  });
});

describe('a later command', () => {
  beforeEach(async () => {
    await run();
  });

  it('installs again when somebody deleted a package by hand, and names it', async () => {
    rmSync(join(clone, 'node_modules/one'), { recursive: true });
    const { code, output } = await run();
    expect(output).toMatch(/^The package node_modules\/one is not there any more. Installing .*\nIt ran.\n$/);
    expect(code).toBe(0);
  });

  it('installs again when the lock file names other versions', async () => {
    write('package-lock.json', '{ "packages": { "": {}, "node_modules/one": { "version": "2.0.0" } } }');
    const { output } = await run();
    expect(output).toMatch(/^The packages are not those of package-lock.json. Installing .*\nIt ran.\n$/);
  });

  it('installs again when npm did not write down to the end what it installed', async () => {
    write('node_modules/.package-lock.json', '{ "packages": {');
    expect((await run()).output).toMatch(/^Installing .*\nIt ran.\n$/);
  });
});
