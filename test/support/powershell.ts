// Runs the PowerShell scripts against the stand-ins: with `pwsh` where it is on the path, else in a small host of its engine on the .NET SDK.
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
  /** File name of the script, without `.ps1`. */
  readonly script: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The how manyeth change fails; none without it. */
  readonly failAt?: number;
  /** Every token is a new one by now. */
  readonly dayPasses?: boolean;
  /** Handed over as a SecureString. */
  readonly secureFunctionKey?: string;
}

export interface Case {
  /** What the tenant holds, beside what `New-Tenant` says. */
  readonly tenant: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

export interface Call {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly change: boolean;
  readonly failed: boolean;
  /** The mailboxes that can be read after the call. */
  readonly readable: readonly string[];
}

export interface StepResult {
  readonly calls: readonly Call[];
  readonly error: string | null;
  readonly warnings: readonly string[];
  /** What `Write-Host` showed. */
  readonly lines: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: objects of the scripts, each of its own shape
  readonly output: readonly any[];
  readonly before: readonly string[];
  readonly readable: readonly string[];
}

/** The engine that is there. */
export const engine = ['pwsh', 'dotnet'].find((name) => spawnSync(name, ['--version']).status === 0);

/** All the cases in one process, each in a tenant of its own, its steps one after the other; results in the same order. */
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

/** The host, built outside the source tree, once for each state of its source. */
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
    // Not built yet. Beside the target first, so that nobody meets half a host.
  }
  const building = `${target}.${process.pid}`;
  await cp(source, building, { recursive: true });
  await run('dotnet', ['build', '--configuration', 'Release', '--output', join(building, 'out')], { cwd: building });
  await rename(building, target).catch(() => rm(building, { recursive: true }));
  return host;
}
