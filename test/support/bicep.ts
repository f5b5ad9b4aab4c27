// Runs Bicep on a copy of the templates, without a cloud: from $BICEP, or from NuGet through the .NET SDK.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './localApp.ts';

export const INFRA = join(ROOT, 'infra');

const VERSION = '0.49.2';
const CACHE = join(ROOT, 'node_modules/.cache/bicep');
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'osx-x64',
  'darwin-arm64': 'osx-arm64',
  'win32-x64': 'win-x64',
};

/** The path of Bicep; undefined where it cannot be had. */
export const bicep: string | undefined = process.env.BICEP ?? downloaded();

/** Once for each machine: the package is kept outside the source tree. */
function downloaded(): string | undefined {
  const runtime = PACKAGES[`${process.platform}-${process.arch}`];
  if (runtime === undefined) return undefined;
  const id = `Azure.Bicep.CommandLine.${runtime}`;
  const name = process.platform === 'win32' ? 'bicep.exe' : 'bicep';
  const file = join(CACHE, id.toLowerCase(), VERSION, 'tools', name);
  if (existsSync(file)) return file;
  spawnSync('dotnet', ['package', 'download', `${id}@${VERSION}`, '--output', CACHE], { stdio: 'ignore' });
  if (!existsSync(file)) return undefined;
  if (process.platform !== 'win32') chmodSync(file, 0o755);
  return file;
}

/** A resource as the deployment would make it. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly location?: string;
  readonly kind?: string;
  readonly tags?: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: each type of resource has another shape
  readonly [key: string]: any;
}

export interface Snapshot {
  readonly resources: readonly Resource[];
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs Bicep in a copy of infra/, and answers all that it said. An empty text means that it found nothing wrong. */
export function runBicep(args: readonly string[]): string {
  return inCopy((folder) => bicepIn(folder, args));
}

/** The files that the formatter would change. */
export function unformatted(files: readonly string[]): string[] {
  return inCopy((folder) => {
    bicepIn(folder, ['format', '--pattern', '**/*.bicep']);
    return files.filter((file) => readFileSync(join(folder, file), 'utf8') !== readFileSync(join(INFRA, file), 'utf8'));
  });
}

/** What a deployment with these parameters would make. Parameters are written as in a .bicepparam file. */
export function snapshot(parameters: Readonly<Record<string, string>> = {}): Snapshot {
  return inCopy((folder) => {
    const lines = Object.entries(parameters).map(([name, value]) => `param ${name} = ${value}`);
    writeFileSync(join(folder, 'main.bicepparam'), ["using 'main.bicep'", ...lines, ''].join('\n'));
    const said = bicepIn(folder, ['snapshot', 'main.bicepparam', '--mode', 'overwrite', ...PLACE]);
    if (said !== '') throw new Error(said);
    const { predictedResources, diagnostics, outputs } = JSON.parse(
      readFileSync(join(folder, 'main.snapshot.json'), 'utf8'),
    );
    if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
    return { resources: predictedResources, outputs };
  });
}

/** A made-up place, so that every name and id is the same on every machine. */
const PLACE = [
  ['--tenant-id', '00000000-0000-0000-0000-000000000002'],
  ['--subscription-id', '00000000-0000-0000-0000-000000000001'],
  ['--resource-group', 'rg-contoso'],
  ['--location', 'westeurope'],
  ['--deployment-name', 'contoso'],
].flat();

function inCopy<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'mailscope-bicep-'));
  try {
    mkdirSync(folder, { recursive: true });
    cpSync(INFRA, folder, { recursive: true });
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Bicep ends with 0 after a mere warning, so what it says counts. Nothing is fetched: `--no-restore` is for lint and build. */
function bicepIn(folder: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(bicep ?? '', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' },
  });
  if (error) throw error;
  const said = `${stdout}${stderr}`.trim();
  return status === 0 ? said : `${said}\nexit code ${status}`;
}

/** The version of Bicep. */
export function bicepVersion(): string {
  return execFileSync(bicep ?? '', ['--version'], { encoding: 'utf8' });
}
