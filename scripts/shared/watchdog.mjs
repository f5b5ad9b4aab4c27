// Loaded into every child: ends the child when its parent is gone. It polls, because not every platform has a signal
// for
// the death of a parent. It polls in a thread, so that it works while the child's event loop is blocked.
// `watchdog.mjs?npm` also watches the parent's parent: npm runs a script through a shell, and the shell outlives npm.
// `watchdog.mjs?parent=PID` names the parent, because the parent may be dead before the first poll.
import { Worker } from 'node:worker_threads';

const watch = `
  const { readFileSync } = require('node:fs');
  const { workerData: { parent, throughShell } } = require('node:worker_threads');

  /** Works only on Linux. Elsewhere it is undefined, and only the parent counts. */
  function parentOf(pid) {
    try {
      return throughShell ? /\\) \\S+ (\\d+)/.exec(readFileSync('/proc/' + pid + '/stat', 'utf8'))?.[1] : undefined;
    } catch {
      return undefined;
    }
  }

  const grandparent = parentOf(parent);
  const isAlone = () => process.ppid !== parent || parentOf(parent) !== grandparent;
  setInterval(() => isAlone() && process.kill(process.pid, 'SIGKILL'), 200);
`;

const { searchParams } = new URL(import.meta.url);
const workerData = {
  parent: Number(searchParams.get('parent') ?? process.ppid),
  throughShell: searchParams.has('npm'),
};
new Worker(watch, { eval: true, execArgv: [], workerData, stdout: false, stderr: false }).unref();
