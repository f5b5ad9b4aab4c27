// Loaded into every child: ends it when its parent is gone. A thread of its own looks, so that a child whose event loop is
// blocked ends too; no signal tells a process of its parent's death on every platform, so it has to look.
import { Worker } from 'node:worker_threads';

const watch = `
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 200);
`;

new Worker(watch, { eval: true, execArgv: [], stdout: false, stderr: false }).unref();
