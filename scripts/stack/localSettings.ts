// Reads the settings of a developer's machine: local.settings.json, or else the example. The environment wins.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConnectionString } from '../../src/settings/connectionString.ts';
import { hasProxy } from '../../src/settings/proxy.ts';
import { isLoopback } from '../../src/settings/settings.ts';
import { readSettingsFile } from '../../src/settings/settingsFile.ts';

export interface LocalSettings {
  /** The file that was read. */
  readonly file: string;
  readonly values: Readonly<Record<string, string>>;
}

/** The ports on a developer's machine. Storage takes three: blob, queue, table. */
export interface Ports {
  readonly functions: number;
  readonly sandbox: number;
  readonly storage: number;
}

/** Reads `local.settings.json` of the package, or the example. Throws an Error that says what is wrong with the file. */
export function readLocalSettings(root: string): LocalSettings {
  const own = join(root, 'local.settings.json');
  const file = existsSync(own) ? own : `${own}.example`;
  return { file, values: readSettingsFile(file) };
}

/** The file under the environment. The environment wins, also with an empty value. */
export function environmentOver(file: LocalSettings, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...file.values, ...environment };
}

/** Whether the settings use the sandbox: GRAPH_ENDPOINT is on this machine. */
export function usesSandbox(environment: NodeJS.ProcessEnv): boolean {
  const url = URL.parse(environment.GRAPH_ENDPOINT ?? '');
  return url !== null && isLoopback(url.hostname);
}

/** Whether the settings use the storage emulator. */
export function usesEmulator(environment: NodeJS.ProcessEnv): boolean {
  const read = readConnectionString(environment.AzureWebJobsStorage ?? '');
  return 'value' in read && read.value === 'UseDevelopmentStorage=true';
}

/** Settings that keep a proxy away from what runs on this machine; none where no proxy is set. */
export function pastProxy(environment: NodeJS.ProcessEnv): Record<string, string> {
  if (!hasProxy(environment)) return {};
  const others = environment.no_proxy ?? environment.NO_PROXY ?? '';
  const all = [...others.split(',').filter((host) => host.trim() !== ''), '127.0.0.1', 'localhost'].join(',');
  return { NO_PROXY: all, no_proxy: all };
}

/** Settings for the sandbox on its port. */
export function sandboxSettings({ sandbox }: Pick<Ports, 'sandbox'>): Record<string, string> {
  const url = `http://127.0.0.1:${sandbox}`;
  return { GRAPH_ENDPOINT: url, IDENTITY_ENDPOINT: `${url}/msi/token`, IDENTITY_HEADER: 'sandbox' };
}

/**
 * Settings under all others: where alerts go when no other receiver is set. The sandbox has one of its own.
 *
 * @param sandboxUrl where the sandbox is; undefined when a real tenant is asked
 */
export function receiverSettings(sandboxUrl: string | undefined): Record<string, string> {
  return sandboxUrl === undefined ? {} : { ALERT_WEBHOOK_URL: new URL('/sandbox/webhook', sandboxUrl).href };
}

// The emulator's well-known key, the same everywhere ("Use the Azurite emulator").
const EMULATOR_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** The connection string of an account in the emulator. Its three ports begin at `port`. */
export function emulatorConnection(port: number, account = 'devstoreaccount1', key = EMULATOR_KEY): string {
  const endpoint = (name: string, offset: number) => `${name}Endpoint=http://127.0.0.1:${port + offset}/${account}`;
  const parts = ['DefaultEndpointsProtocol=http', `AccountName=${account}`, `AccountKey=${key}`];
  return [...parts, endpoint('Blob', 0), endpoint('Queue', 1), endpoint('Table', 2)].join(';');
}

/** Settings for the storage emulator on its ports. */
export function emulatorSettings({ storage }: Pick<Ports, 'storage'>): Record<string, string> {
  return { AzureWebJobsStorage: emulatorConnection(storage) };
}
