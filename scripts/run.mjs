// Runs one of the project's scripts (`node scripts/run.mjs start`) on a Node that can, installing what the lock file says first.
// Plain JavaScript that Node 20 runs, for this is the first file a fresh clone meets.
//
// 1. When npm is killed without a chance to hand that on, everything here ends too.
// 2. Without installed packages, or with others than the lock file names, `npm ci`.
// 3. On a Node that cannot run TypeScript, the Node 24 among the packages takes over.
// 4. The script runs, and its exit code is ours.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installPackages } from './shared/installPackages.mjs';
import { suitableNode } from './shared/suitableNode.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [name, ...args] = process.argv.slice(2);
const script = join(root, 'scripts', `${name}.ts`);

if (process.env.npm_lifecycle_event) await import('./shared/watchdog.mjs?npm');
await installPackages(root);
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
