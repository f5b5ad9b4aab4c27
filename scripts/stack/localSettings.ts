// Reads the settings of a developer's machine: local.settings.json, or else the example. The environment wins.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
  return environment.AzureWebJobsStorage === 'UseDevelopmentStorage=true';
}

/** Settings for the ports in use. */
export function sandboxSettings({ sandbox }: Pick<Ports, 'sandbox'>): Record<string, string> {
  const url = `http://127.0.0.1:${sandbox}`;
  return {
    GRAPH_ENDPOINT: url,
    IDENTITY_ENDPOINT: `${url}/msi/token`,
    IDENTITY_HEADER: 'sandbox',
    ALERT_WEBHOOK_URL: `${url}/sandbox/webhook`,
  };
}

// The emulator's well-known key, the same everywhere ("Use the Azurite emulator").
const EMULATOR_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** The connection string of an account in the emulator. Its three ports begin at `port`. */
export function emulatorConnection(port: number, account = 'devstoreaccount1', key = EMULATOR_KEY): string {
  const endpoint = (name: string, offset: number) => `${name}Endpoint=http://127.0.0.1:${port + offset}/${account}`;
  const parts = ['DefaultEndpointsProtocol=http', `AccountName=${account}`, `AccountKey=${key}`];
  return [...parts, endpoint('Blob', 0), endpoint('Queue', 1), endpoint('Table', 2)].join(';');
}

export function emulatorSettings({ storage }: Ports): Record<string, string> {
  return { AzureWebJobsStorage: emulatorConnection(storage) };
}
