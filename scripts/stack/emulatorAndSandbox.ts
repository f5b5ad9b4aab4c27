// Starts the storage emulator and the sandbox tenant, each in a process that ends with this one.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../shared/childProcesses.ts';

export interface Part {
  /** Pending while the part runs. Rejects with a sentence that says how the part ended. */
  readonly gone: Promise<never>;
  stop(): Promise<void>;
}

export interface PartOptions {
  readonly port: number;
  readonly log: (line: string) => void;
}

export interface StorageOptions extends PartOptions {
  /** The folder for the data; without it the data is in memory. */
  readonly dataDir?: string | undefined;
  /** Accounts and keys, `name:key;…`, instead of the well-known account. */
  readonly accounts?: string;
  /** Files of a key and a certificate. With them the emulator uses https and accepts any bearer token. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Called with the log line of each request. Without it the emulator does not log requests. */
  readonly onRequest?: (line: string) => void;
}

/** Azurite, on three ports from `port` on: blob, queue, table. */
export async function startStorage({ port, dataDir, accounts, tls, onRequest, log }: StorageOptions): Promise<Part> {
  const require = createRequire(import.meta.url);
  const main = join(require.resolve('azurite/package.json'), '../dist/src/azurite.js');
  const ports = ['blob', 'queue', 'table'].flatMap((name, offset) => [`--${name}Port`, String(port + offset)]);
  const where = dataDir === undefined ? ['--inMemoryPersistence'] : ['--location', dataDir];
  const secured = tls ? ['--oauth', 'basic', '--key', tls.key, '--cert', tls.cert] : [];
  const args = [
    ...ports,
    ...where,
    ...secured,
    ...(onRequest ? [] : ['--silent']),
    '--disableTelemetry',
    '--skipApiVersionCheck',
  ];
  // Ignore its other output, such as the announcement of its services.
  const env = accounts === undefined ? process.env : { ...process.env, AZURITE_ACCOUNTS: accounts };
  const onLine = onRequest ?? ((line: string) => void (/error/i.test(line) && log(`[storage] ${line}`)));
  const child = startChild(main, { args, env, onLine });
  const serving = Promise.all([0, 1, 2].map((offset) => untilServing(port + offset, child)));
  return part(child, 'The storage emulator', serving);
}

export interface SandboxPartOptions extends PartOptions {
  /** The secret for the signatures of alerts. */
  readonly webhookSecret?: string | undefined;
}

/** The sandbox tenant. */
export async function startSandboxProcess({ port, webhookSecret, log }: SandboxPartOptions): Promise<Part> {
  const main = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url));
  const env = { ...process.env, ALERT_WEBHOOK_SECRET: webhookSecret };
  const child = startChild(main, { args: ['--port', String(port)], env, onLine: (line) => log(`[sandbox] ${line}`) });
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: { readonly type: string; readonly message?: string }) =>
      message.type === 'ready' ? resolve() : reject(new Error(message.message)),
    );
  });
  return part(child, 'The sandbox tenant', ready);
}

async function part(child: ChildProcess, name: string, ready: Promise<unknown>): Promise<Part> {
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`${name} ended (${signal ?? `exit code ${code}`}).`)));
  });
  // Without this handler, stopping the part would be an unhandled rejection.
  gone.catch(() => undefined);
  try {
    await Promise.race([gone, ready]);
  } catch (error) {
    await stopChild(child);
    throw error;
  }
  return { gone, stop: () => stopChild(child) };
}

/** Settles when something listens on the port, or when the child is gone. */
async function untilServing(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Nothing listens yet. Try again.
      await wait(50);
    } finally {
      socket.destroy();
    }
  }
}
