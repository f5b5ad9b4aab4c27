// Starts child processes that end when their parent ends, whatever the reason.
import { type ChildProcess, fork } from 'node:child_process';

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called with each line of the child's output. */
  readonly onLine: (line: string) => void;
}

const WATCHDOG = new URL(`./watchdog.mjs?parent=${process.pid}`, import.meta.url).href;

/** Starts `file` under Node with an IPC channel. The child is killed when this process is gone, even in a busy loop. */
export function startChild(file: string, options: ChildOptions): ChildProcess {
  const child = fork(file, [...(options.args ?? [])], {
    env: options.env ?? process.env,
    ...(options.cwd ? { cwd: options.cwd } : {}),
    execArgv: ['--import', WATCHDOG, '--no-warnings'],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A process group of its own: Ctrl-C then reaches only the parent, which stops its children in order.
    detached: process.platform !== 'win32',
  });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, options.onLine);
  return child;
}

/** Ends a child with SIGTERM, and with SIGKILL after `graceMs`. Settles when it is gone. */
export async function stopChild(child: ChildProcess, graceMs = 1_500): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}

function eachLine(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
