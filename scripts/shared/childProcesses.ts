// Child processes that never outlive their parent, whatever ends it.
import { type ChildProcess, fork } from 'node:child_process';

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called with each line that the child prints. */
  readonly onLine: (line: string) => void;
}

const WATCHDOG = new URL(`./watchdog.mjs?parent=${process.pid}`, import.meta.url).href;

/** Starts `file` under Node with an IPC channel. The child is killed as soon as this process is gone, a busy loop in it included. */
export function startChild(file: string, options: ChildOptions): ChildProcess {
  const child = fork(file, [...(options.args ?? [])], {
    env: options.env ?? process.env,
    ...(options.cwd ? { cwd: options.cwd } : {}),
    execArgv: ['--import', WATCHDOG, '--no-warnings'],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In a group of its own, so that Ctrl-C reaches the parent alone and the parent stops its children in order.
    detached: process.platform !== 'win32',
  });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, options.onLine);
  return child;
}

/** Ends a child: politely first, then for good. Settles when it is gone. */
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
