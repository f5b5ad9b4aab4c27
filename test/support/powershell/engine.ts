// Runs PowerShell scripts against stand-ins of the tenant's cmdlets: with pwsh, else with a host built from the .NET SDK.
import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../http.ts';

/** A script, called once or more in one tenant. */
export interface Case {
  readonly script: string;
  /** PowerShell that prepares `$Tenant`. */
  readonly setup?: string;
  /** The parameters of each call; `WhatIf: true` is a switch. */
  readonly runs: readonly Readonly<Record<string, unknown>>[];
}

export interface Call {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly changes: boolean;
  /** The mailboxes that could be read after a change. */
  readonly readable: readonly string[] | null;
}

export interface Ran {
  readonly calls: readonly Call[];
  readonly warnings: readonly string[];
  readonly told: readonly string[];
  readonly output: readonly Readonly<Record<string, unknown>>[];
  /** What ended it; null when it came to its end. */
  readonly error: string | null;
}

const FOLDER = import.meta.dirname;
const SOURCES = ['Host.csproj', 'Program.cs', 'prelude.ps1'];

/** Neither pwsh nor the .NET SDK is here. */
export const isMissing = !answers('pwsh', ['-Version']) && !answers('dotnet', ['--version']);

/** Runs the cases, all in one process; answers what each run did. */
export async function runCases(cases: readonly Case[]): Promise<readonly (readonly Ran[])[]> {
  const folder = join(ROOT, 'node_modules/.cache/mailscope-powershell', randomUUID());
  mkdirSync(folder, { recursive: true });
  const [given, results] = [join(folder, 'cases.json'), join(folder, 'results.json')];
  const stubs = join(ROOT, 'test/fixtures/powershell/tenant.ps1');
  writeFileSync(
    given,
    JSON.stringify(cases.map((one) => ({ ...one, script: join(ROOT, 'scripts', one.script), stubs }))),
  );
  try {
    const [command = '', ...before] = await engine();
    await run(command, [...before, join(FOLDER, 'runCases.ps1'), given, results]);
    const all = JSON.parse(readFileSync(results, 'utf8')) as readonly { readonly runs: readonly Ran[] }[];
    return all.map(({ runs }) => runs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function engine(): Promise<string[]> {
  if (answers('pwsh', ['-Version'])) return ['pwsh', '-NoProfile', '-NonInteractive', '-File'];
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(join(FOLDER, name)));
  const built = join(ROOT, 'node_modules/.cache/mailscope-powershell', hash.digest('hex').slice(0, 16));
  const host = join(built, 'bin', 'Host.dll');
  if (!existsSync(host)) {
    const options = [
      '-c',
      'Release',
      '-o',
      join(built, 'bin'),
      `-p:BaseIntermediateOutputPath=${built}/obj/`,
      '--nologo',
    ];
    await run('dotnet', ['build', join(FOLDER, 'Host.csproj'), ...options]);
  }
  return ['dotnet', host];
}

function answers(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Rejects with all that the command said when it fails. */
async function run(command: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(command, [...args]);
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} failed:\n${stdout}\n${stderr}`, { cause });
  }
}
