// Loaded into every child: ends it when its parent is gone. A thread of its own looks, so that a child whose event loop is
// blocked ends too; no signal tells a process of its parent's death on every platform, so it has to look.
// As `watchdog.mjs?npm` it looks at the parent's parent as well: npm runs a script through a shell, which npm's death does not end.
// `watchdog.mjs?parent=PID` names the parent: one that is dead before the thread looks for the first time would not be missed.
import { Worker } from 'node:worker_threads';

const watch = `
  const { readFileSync } = require('node:fs');
  const { workerData: { parent, throughShell } } = require('node:worker_threads');

  /** Linux tells; elsewhere it stays unknown, and the parent alone counts. */
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
