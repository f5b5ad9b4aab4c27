// Everything that runs on a developer's machine: storage emulator, sandbox tenant and functions, started and stopped together.
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { checkPorts } from './checkPorts.ts';
import { type Part, startSandboxProcess, startStorage } from './emulatorAndSandbox.ts';
import {
  emulatorSettings,
  environmentOver,
  type Ports,
  pastProxy,
  readLocalSettings,
  receiverSettings,
  sandboxSettings,
  usesEmulator,
  usesSandbox,
} from './localSettings.ts';

export interface StackOptions {
  readonly root: string;
  readonly ports: Ports;
  /** Where the emulator keeps its data; in memory without it. */
  readonly dataDir: string | undefined;
  readonly withKeys: boolean;
  /** Functions processes. */
  readonly instances: number;
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

/**
 * 1. The ports are looked at first, so that all taken ones are named before anything runs.
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

  const parts: Part[] = [];
  let stopping = false;
  const stop = () => {
    stopping = true;
    return Promise.all(parts.map((part) => part.stop()));
  };
  const keep = async (starting: Promise<Part>) => {
    const part = await starting;
    parts.push(part);
    part.gone.catch((error: Error) => stopping || options.onPartGone(error.message));
  };
  try {
    const started = await Promise.allSettled([
      emulated ? keep(startStorage({ port: ports.storage, dataDir: options.dataDir, log: options.log })) : undefined,
      sandboxed
        ? keep(
            startSandboxProcess({ port: ports.sandbox, webhookSecret: wanted.ALERT_WEBHOOK_SECRET, log: options.log }),
          )
        : undefined,
    ]);
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    const sandboxUrl = sandboxed ? `http://127.0.0.1:${ports.sandbox}` : undefined;
    const settings = {
      ...receiverSettings(sandboxUrl),
      ...file.values,
      ...(sandboxed ? sandboxSettings(ports) : {}),
      ...environment,
      ...(emulated ? emulatorSettings(ports) : {}),
      ...pastProxy(wanted),
    };
    const { withKeys, instances, log } = options;
    const host = await startLocalHost({ root, port: ports.functions, env: settings, withKeys, instances, log });
    return {
      settingsFile: file.file,
      host,
      sandboxUrl,
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
