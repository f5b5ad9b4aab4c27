// Runs one of the project's scripts (`node scripts/run.mjs start`) on a Node that can, installing what the lock file says first.
// Plain JavaScript that Node 20 runs, for this is the first file a fresh clone meets.
//
// 1. Without installed packages, or with others than the lock file names, `npm ci`.
// 2. On a Node older than 22.18, which cannot run TypeScript, the Node 24 among the packages takes over.
// 3. The script runs, and its exit code is ours.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [name, ...args] = process.argv.slice(2);
const script = join(root, 'scripts', `${name}.ts`);

const installLock = join(root, '.installing');

install();
// npm, too, may be killed without a chance to hand that on.
if (process.env.npm_lifecycle_event) await import('./shared/watchdog.mjs?npm');
const node = suitableNode();
if (node === process.execPath) {
  process.argv = [process.execPath, script, ...args];
  await import(pathToFileURL(script).href);
} else {
  // Nothing that this process starts outlives it, whatever ends it.
  const watchdog = `${pathToFileURL(join(root, 'scripts', 'shared', 'watchdog.mjs')).href}?parent=${process.pid}`;
  const child = spawn(node, ['--import', watchdog, script, ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child on its own; what is sent to this process alone is handed on. Either way the child decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

function install() {
  const locked = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && isInstalled(locked, installed)) return;
  // Two terminals in a fresh clone: the second waits for the first.
  if (!takeInstallLock()) return install();
  console.error('Installing what package-lock.json says (once) …');
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, npm] : [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
  const [file, ...first] = command;
  const result = spawnSync(file, [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: !npm && process.platform === 'win32',
  });
  rmSync(installLock, { force: true });
  if (result.status === 0) return;
  console.error('npm ci failed, see above. Is the npm registry within reach?');
  process.exit(1);
}

/** False when another process was installing, and is done now. The file holds its id: one that died leaves a lock that counts for nothing. */
function takeInstallLock() {
  try {
    writeFileSync(installLock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  console.error('Another process is installing; waiting for it …');
  while (isRunning(installer())) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  rmSync(installLock, { force: true });
  return false;
}

/** The process that is installing; none is NaN. */
function installer() {
  return existsSync(installLock) ? Number(readFileSync(installLock, 'utf8')) : Number.NaN;
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
}

/** Whether everything that the lock file needs is there, in its versions. Optional packages of other platforms are left out. */
function isInstalled(locked, installed) {
  const wanted = packagesIn(locked);
  const found = packagesIn(installed);
  const same = Object.keys(found).every((key) => wanted[key]?.version === found[key].version);
  return same && Object.keys(wanted).every((key) => key === '' || wanted[key].optional || key in found);
}

function packagesIn(file) {
  const { '': _, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages;
  return packages;
}

function suitableNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  try {
    const require = createRequire(import.meta.url);
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    const manifest = require.resolve(`${name}/package.json`);
    return join(dirname(manifest), require(manifest).bin.node);
  } catch {
    console.error(
      `Mailscope's scripts need Node 22.18 or newer, and this is ${process.versions.node}. Node 24 comes along as a package for ` +
        `Linux (x64, arm64) and Windows (x64), not for ${process.platform} ${process.arch}: install it from https://nodejs.org.`,
    );
    process.exit(1);
  }
}
