// Everything that runs on a developer's machine: storage emulator, sandbox tenant and functions, started and stopped together.
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LocalHost, startLocalHost } from './localHost/host.ts';
import {
  emulatorSettings,
  environmentOver,
  type Ports,
  readLocalSettings,
  sandboxSettings,
  usesEmulator,
  usesSandbox,
} from './localSettings.ts';
import { startChild, stopChild } from './processes.ts';

export interface StackOptions {
  readonly root: string;
  readonly ports: Ports;
  /** Where the emulator keeps its data; in memory without it. */
  readonly dataDir: string | undefined;
  readonly withKeys: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  /** Called when a part that was running ends by itself. */
  readonly onPartGone: (text: string) => void;
}

export interface Stack {
  readonly settingsFile: string;
  readonly host: LocalHost;
  /** Undefined when the settings name a real tenant. */
  readonly sandboxUrl: string | undefined;
  /** Undefined when the settings name a real storage account. */
  readonly storageUrl: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/** A port that is taken, with the option that changes it. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError';
}

/**
 * 1. The ports are looked at first, so that a taken one is named before anything runs.
 * 2. Emulator and sandbox start side by side, each in a process that does not outlive this one.
 * 3. The functions start with settings that point at both.
 *
 * When a step fails, what was started is stopped.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { root, ports, environment } = options;
  const file = readLocalSettings(root);
  const wanted = environmentOver(file, environment);
  const sandboxed = usesSandbox(wanted);
  // Beside the sandbox no file's storage account is written to: only the environment can ask for that.
  const emulated = usesEmulator(wanted) || (sandboxed && !('AzureWebJobsStorage' in environment));
  await checkPorts(ports, sandboxed, emulated);

  const children: ChildProcess[] = [];
  const stop = () => Promise.all(children.map((child) => stopChild(child)));
  try {
    await Promise.all([
      emulated ? startStorage(options, children) : undefined,
      sandboxed ? startSandboxProcess(options, children) : undefined,
    ]);
    const settings = {
      ...wanted,
      ...(emulated ? emulatorSettings(ports) : {}),
      ...(sandboxed ? { ...sandboxSettings(ports), ...given(sandboxSettings(ports), environment) } : {}),
    };
    const { withKeys, log } = options;
    const host = await startLocalHost({ root, port: ports.functions, env: settings, withKeys, log });
    return {
      settingsFile: file.file,
      host,
      sandboxUrl: sandboxed ? `http://127.0.0.1:${ports.sandbox}` : undefined,
      storageUrl: emulated ? `http://127.0.0.1:${ports.storage} to ${ports.storage + 2}` : undefined,
      environment: settings,
      async close() {
        await Promise.all([host.close(), stop()]);
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Those of `names` that the environment sets itself. */
function given(names: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.keys(names).flatMap((name) => (name in environment ? [[name, environment[name]]] : [])),
  );
}

async function checkPorts(ports: Ports, sandboxed: boolean, emulated: boolean): Promise<void> {
  await checkPort(ports.functions, '--port');
  if (sandboxed) await checkPort(ports.sandbox, '--sandbox-port');
  if (!emulated) return;
  for (const offset of [0, 1, 2]) await checkPort(ports.storage + offset, '--storage-port');
}

function checkPort(port: number, option: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${cause.code})`;
      reject(new PortInUseError(`Port ${port} ${why}: choose another one with ${option}.`, { cause }));
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}

async function startStorage(options: StackOptions, children: ChildProcess[]): Promise<void> {
  const { ports, dataDir } = options;
  const require = createRequire(import.meta.url);
  const main = join(require.resolve('azurite/package.json'), '../dist/src/azurite.js');
  const storagePorts = ['blob', 'queue', 'table'].flatMap((name, offset) => [
    `--${name}Port`,
    String(ports.storage + offset),
  ]);
  const where = dataDir === undefined ? ['--inMemoryPersistence'] : ['--location', dataDir];
  const args = [...storagePorts, ...where, '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  // It announces its services on standard output, which says nothing that the summary does not say better.
  const child = startChild(main, { args, onLine: (line) => /error/i.test(line) && options.log(`[storage] ${line}`) });
  children.push(child);
  const early = untilGone(child, 'The storage emulator');
  await Promise.race([early, ...[0, 1, 2].map((offset) => untilServing(ports.storage + offset))]);
  await Promise.race([early, untilServing(ports.storage + 2)]);
  early.catch((error: Error) => options.onPartGone(error.message));
}

async function startSandboxProcess(options: StackOptions, children: ChildProcess[]): Promise<void> {
  const main = fileURLToPath(new URL('./sandbox/main.ts', import.meta.url));
  const child = startChild(main, {
    args: ['--port', String(options.ports.sandbox)],
    onLine: (line) => options.log(`[sandbox] ${line}`),
  });
  children.push(child);
  const early = untilGone(child, 'The sandbox tenant');
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: { readonly type: string; readonly message?: string }) =>
      message.type === 'ready' ? resolve() : reject(new Error(message.message)),
    );
  });
  await Promise.race([early, ready]);
  early.catch((error: Error) => options.onPartGone(error.message));
}

/** Never settles while the child lives; rejects when it ends. */
function untilGone(child: ChildProcess, name: string): Promise<never> {
  return new Promise((_, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`${name} ended (${signal ?? `exit code ${code}`}).`)));
  });
}

/** Settles once something answers HTTP on the port. */
async function untilServing(port: number): Promise<void> {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      // Nothing listens yet: that is what is waited for.
      await wait(50);
    }
  }
}
