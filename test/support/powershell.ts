// Runs the PowerShell scripts with the stand-ins: in `pwsh` if it is on the path, or else in a small host of its engine on
// the .NET SDK.
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface Step {
  /** The file name of the script, without `.ps1`. */
  readonly script: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The number of the change that fails; without it none fails. */
  readonly failAt?: number;
  /** All tokens are new, as a day later. */
  readonly dayPasses?: boolean;
  /** Passed as a SecureString. */
  readonly secureFunctionKey?: string;
}

export interface Case {
  /** What the tenant holds, in addition to `New-Tenant`. */
  readonly tenant: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

export interface Call {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly change: boolean;
  readonly failed: boolean;
  /** The mailboxes that the app can read after the call. */
  readonly readable: readonly string[];
}

export interface StepResult {
  readonly calls: readonly Call[];
  readonly error: string | null;
  readonly warnings: readonly string[];
  /** The output of `Write-Host`. */
  readonly lines: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: each script returns objects of another shape
  readonly output: readonly any[];
  readonly before: readonly string[];
  readonly readable: readonly string[];
}

/** The engine of this machine; undefined if there is none. */
export const engine = ['pwsh', 'dotnet'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Runs all cases in one process, each with its own tenant and its steps in order. Results are in the same order. */
export async function runCases(cases: readonly Case[]): Promise<readonly (readonly StepResult[])[]> {
  const [command, ...before] =
    engine === 'pwsh' ? ['pwsh', '-NoProfile', '-NonInteractive', '-File'] : ['dotnet', await builtHost()];
  const folder = await mkdtemp(join(tmpdir(), 'mailscope-powershell-'));
  try {
    const [input, output] = [join(folder, 'cases.json'), join(folder, 'results.json')];
    await writeFile(input, JSON.stringify(cases));
    const args = [at('../fixtures/powershell/runCases.ps1'), input, output, at('../../powershell')];
    await run(command as string, [...before, ...args]);
    const results = JSON.parse(await readFile(output, 'utf8')) as { readonly steps: readonly StepResult[] }[];
    return results.map((result) => result.steps);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The host, built outside the source tree, once for each version of its source. */
async function builtHost(): Promise<string> {
  const source = at('powershell');
  const hash = createHash('sha256');
  for (const name of (await readdir(source)).sort()) hash.update(name).update(await readFile(join(source, name)));
  const target = at(`../../node_modules/.cache/powershell-host/${hash.digest('hex').slice(0, 16)}`);
  const host = join(target, 'out', 'host.dll');
  try {
    await access(host);
    return host;
  } catch {
    // Not built yet. Build it next to the target and rename it, so that no process gets half a host.
  }
  const building = `${target}.${process.pid}`;
  await cp(source, building, { recursive: true });
  await run('dotnet', ['build', '--configuration', 'Release', '--output', join(building, 'out')], { cwd: building });
  await rename(building, target).catch(() => rm(building, { recursive: true }));
  return host;
}
