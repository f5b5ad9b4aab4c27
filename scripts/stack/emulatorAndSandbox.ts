// The parts that run beside the functions, each in a process that does not outlive this one: storage emulator, sandbox tenant.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../shared/childProcesses.ts';

export interface Part {
  /** Never settles while the part runs; rejects with a sentence that says how it ended. */
  readonly gone: Promise<never>;
  stop(): Promise<void>;
}

export interface PartOptions {
  readonly port: number;
  readonly log: (line: string) => void;
}

export interface StorageOptions extends PartOptions {
  /** Where the data is kept; in memory without it. */
  readonly dataDir?: string | undefined;
  /** Accounts and keys, `name:key;…`, in place of the well-known one. */
  readonly accounts?: string;
  /** Files of a key and a certificate: then it speaks https and takes bearer tokens of whoever. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Called with the line that it logs of each request; it logs none without it. */
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
  // It announces its services on standard output, which says nothing that is not known.
  const env = accounts === undefined ? process.env : { ...process.env, AZURITE_ACCOUNTS: accounts };
  const onLine = onRequest ?? ((line: string) => void (/error/i.test(line) && log(`[storage] ${line}`)));
  const child = startChild(main, { args, env, onLine });
  const serving = Promise.all([0, 1, 2].map((offset) => untilServing(port + offset, child)));
  return part(child, 'The storage emulator', serving);
}

export interface SandboxPartOptions extends PartOptions {
  /** What its receiver checks signatures with. */
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
  // Whoever stops the part has no use for the news that it ended.
  gone.catch(() => undefined);
  try {
    await Promise.race([gone, ready]);
  } catch (error) {
    await stopChild(child);
    throw error;
  }
  return { gone, stop: () => stopChild(child) };
}

/** Settles once something listens on the port, or the child is gone. */
async function untilServing(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Nothing listens yet: that is what is waited for.
      await wait(50);
    } finally {
      socket.destroy();
    }
  }
}
