// Keeps one functions process running: invokes functions in it, and replaces it when it dies or hangs.
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../scripts/shared/childProcesses.ts';
import type { HttpOutput, RegisteredFunction } from './functionsCore.ts';
import type { FromFunctions, Metadata, ToFunctions, TriggerData } from './processMessages.ts';

export interface FunctionsProcess {
  readonly functions: readonly RegisteredFunction[];
  /** Runs a function; rejects with an InvocationError when it throws, or when its process dies or hangs. */
  invoke(name: string, data: TriggerData, metadata?: Metadata): Promise<HttpOutput | null>;
  /** The id of the current process; 0 when there is none. */
  pid(): number;
  close(): Promise<void>;
}

export interface FunctionsProcessOptions {
  /** The bundle. */
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  /** The package's folder. The platform's worker runs there too. */
  readonly root: string;
  readonly log: (line: string) => void;
  /** The longest time without an answer, as when a handler blocks the event loop. Then the process is ended. */
  readonly deafMs: number;
  /** The functionTimeout of host.json. */
  readonly functionTimeoutMs: number;
}

export class InvocationError extends Error {
  override readonly name = 'InvocationError';
}

interface Pending {
  readonly name: string;
  resolve(output: HttpOutput | null): void;
  reject(error: InvocationError): void;
}

const MAIN = fileURLToPath(new URL('./functionsMain.ts', import.meta.url));
const PING_MS = 500;
const RESTART_MS = 1_000;

/** Starts the process, and settles when the app is loaded. Rejects when the app cannot be loaded. */
export async function startFunctionsProcess(options: FunctionsProcessOptions): Promise<FunctionsProcess> {
  let closing = false;
  let pid = 0;
  let running = start();
  const { functions } = await running;

  function start(): Promise<Launched> {
    return launch(options, onGone, (started) => {
      pid = started;
    });
  }

  /** Starts a new process, and tries again until it loads: a build may be replacing the bundle. */
  function restart(): void {
    running = start();
    running.catch((error: Error) => {
      options.log(`The functions process cannot be started: ${error.message}`);
      setTimeout(() => closing || restart(), RESTART_MS).unref();
    });
  }

  function onGone(why: string): void {
    if (closing) return;
    options.log(`The functions process ${why}. A new one is starting.`);
    restart();
  }

  return {
    functions,
    pid: () => pid,
    async invoke(name, data, metadata) {
      return (await running.catch(gone)).invoke(name, data, metadata);
    },
    async close() {
      closing = true;
      await (await running.catch(() => undefined))?.stop();
    },
  };
}

function gone(cause: unknown): never {
  throw new InvocationError('the functions process cannot be started', { cause });
}

interface Launched {
  readonly functions: readonly RegisteredFunction[];
  invoke(name: string, data: TriggerData, metadata?: Metadata): Promise<HttpOutput | null>;
  stop(): Promise<void>;
}

function launch(
  options: FunctionsProcessOptions,
  onGone: (why: string) => void,
  onStarted: (pid: number) => void,
): Promise<Launched> {
  const pending = new Map<string, Pending>();
  const child = startChild(MAIN, {
    args: [options.entry],
    // The cache saves compiling and loading the TypeScript compiler: 20 MB and 80 ms.
    env: { NODE_COMPILE_CACHE: join(options.root, 'node_modules/.cache/mailscope'), ...options.env },
    cwd: options.root,
    onLine: options.log,
  });
  onStarted(child.pid ?? 0);
  let heardAt = performance.now();
  let deaf = false;

  let lookedAt = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    // This process was suspended itself, so it has not yet read the answers of the child.
    if (now - lookedAt > 4 * PING_MS) heardAt = now;
    lookedAt = now;
    if (now - heardAt > options.deafMs) {
      deaf = true;
      child.kill('SIGKILL');
    } else tell(child, { type: 'ping' });
  }, PING_MS);

  return new Promise((resolve, reject) => {
    let loaded = false;
    child.on('message', (message: FromFunctions) => {
      heardAt = performance.now();
      if (message.type === 'ready') {
        loaded = true;
        resolve({ functions: message.functions, invoke, stop: () => stopChild(child) });
      } else if (message.type === 'failed') {
        options.log(message.message);
        child.kill('SIGKILL');
      } else if (message.type === 'log') options.log(`[${message.name}] ${message.message}`);
      else settle(message);
    });
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      const names = [...new Set([...pending.values()].map((one) => one.name))].join(', ');
      const during = names ? ` while it ran ${names}` : '';
      const how = deaf ? `blocked its event loop and was killed` : `ended (${signal ?? `exit code ${code}`})`;
      for (const one of pending.values()) one.reject(new InvocationError(`the functions process ${how}`));
      pending.clear();
      if (loaded) onGone(how + during);
      else reject(new Error(`the app in ${options.entry} cannot be loaded; the lines above say why`));
    });
  });

  function settle(message: FromFunctions): void {
    if (message.type !== 'done' && message.type !== 'threw') return;
    const one = pending.get(message.id);
    pending.delete(message.id);
    if (message.type === 'done') one?.resolve(message.output);
    else one?.reject(new InvocationError(message.message));
  }

  function invoke(name: string, data: TriggerData, metadata: Metadata = {}): Promise<HttpOutput | null> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      // The platform also ends the process when a function runs longer than functionTimeout.
      const timer = setTimeout(() => child.kill('SIGKILL'), options.functionTimeoutMs);
      pending.set(id, {
        name,
        resolve(output) {
          clearTimeout(timer);
          resolve(output);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
      tell(child, { type: 'invoke', id, name, data, metadata }, () => {
        pending.get(id)?.reject(new InvocationError('the functions process has just ended'));
        pending.delete(id);
      });
    });
  }
}

/** Sends a message, and calls `onLost` when it cannot arrive. The result of `send` only shows a full pipe. */
function tell(child: ChildProcess, message: ToFunctions, onLost: () => void = () => undefined): void {
  if (child.connected) child.send(message, (error) => error && onLost());
  else onLost();
}
