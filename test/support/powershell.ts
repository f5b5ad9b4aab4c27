// Runs the PowerShell module in the real `pwsh`: the one on the path, or the one that the .NET tool manifest pins.
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const root = at('../..');
const module = at('../../powershell/MailboxScope');
/** What the tests bring along, outside the source tree. */
const cache = at('../../node_modules/.cache/powershell');

export interface Step {
  /** A command of the module. */
  readonly command: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What comes down the pipeline. */
  readonly pipeline?: readonly unknown[];
  /** Answers to the questions that the command asks, in their order. Without one, nobody can be asked. */
  readonly answers?: readonly ('Yes' | 'YesToAll' | 'No' | 'NoToAll')[];
  /** The how manyeth change fails; none without it. */
  readonly failAt?: number;
  /** So many hours pass before the step: a policy is obeyed after two. */
  readonly hoursPass?: number;
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
  /** How often each cmdlet was called. */
  readonly counts: Readonly<Record<string, number>>;
  readonly error: string | null;
  readonly errorId: string | null;
  readonly warnings: readonly string[];
  /** What went to the information stream. */
  readonly lines: readonly string[];
  readonly verbose: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: objects of the commands, each of its own shape
  readonly output: readonly any[];
  readonly before: readonly string[];
  readonly readable: readonly string[];
  readonly cpuSeconds: number;
  /** How often progress was drawn. */
  readonly progress: number;
}

/** What one Pester test said. */
export interface PesterTest {
  readonly name: string;
  readonly result: 'Passed' | 'Failed' | 'Skipped' | 'NotRun' | 'Inconclusive';
  readonly message: string;
}

/** The first number of `7.6.9` or `PowerShell 7.6.9` counts as a whole, the second as hundredths. */
function versionOf(command: string): number {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  const [, major, minor] = status === 0 ? (/(\d+)\.(\d+)/.exec(stdout) ?? []) : [];
  return Number(major ?? 0) + Number(minor ?? 0) / 100;
}

const hasSdk = versionOf('dotnet') >= 10;

/** What runs the module here: `pwsh` from 7.4 on, else the tool of the .NET SDK 10, else nothing. */
export const engine = versionOf('pwsh') >= 7.04 ? 'pwsh' : hasSdk ? 'dotnet' : undefined;

/** Whether Pester can be had: it comes as a NuGet package. */
export const hasPester = engine !== undefined && hasSdk;

let restored: Promise<unknown> | undefined;

/** A script in `pwsh`, without profile and without questions. Throws what it wrote to stderr when it fails. */
async function pwsh(script: string, args: readonly string[]): Promise<void> {
  const quiet = ['-NoProfile', '-NonInteractive', '-File', script, ...args];
  const options = { cwd: root, env: { ...process.env, DOTNET_NOLOGO: '1', DOTNET_CLI_TELEMETRY_OPTOUT: '1' } };
  if (engine === 'pwsh') {
    await run('pwsh', quiet, options);
    return;
  }
  restored ??= restoreTool(options);
  await restored;
  await run('dotnet', ['tool', 'run', 'pwsh', '--', ...quiet], options);
}

/** Brings the pinned `pwsh`. Another test file may do so at the same moment, and the tool's restore then fails instead of waiting. */
async function restoreTool(options: object): Promise<void> {
  for (let triesLeft = 10; ; triesLeft--) {
    try {
      await run('dotnet', ['tool', 'restore'], options);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
      await setTimeout(2_000);
    }
  }
}

/** A script that writes JSON into the file that its last argument names. */
async function answerOf<T>(script: string, input: unknown, ...args: readonly string[]): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mailscope-powershell-'));
  try {
    const [given, answer] = [join(folder, 'input.json'), join(folder, 'answer.json')];
    await writeFile(given, JSON.stringify(input));
    await pwsh(script, [given, answer, ...args]);
    return JSON.parse(await readFile(answer, 'utf8')) as T;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** All the cases in one process, each in a tenant of its own, its steps one after the other; results in the same order. */
export async function runCases(cases: readonly Case[]): Promise<readonly (readonly StepResult[])[]> {
  const script = at('../fixtures/powershell/runCases.ps1');
  const results = await answerOf<{ readonly steps: readonly StepResult[] }[]>(script, cases, module);
  return results.map((result) => result.steps);
}

/** The Pester tests of a folder, all in one process. */
export async function runPester(folder: string): Promise<readonly PesterTest[]> {
  const script = at('../fixtures/powershell/runPester.ps1');
  return answerOf<PesterTest[]>(script, { folder, module, pester: await pesterFolder() });
}

/** Pester of the pinned version, from NuGet's own folder of packages. */
async function pesterFolder(): Promise<string> {
  await mkdir(cache, { recursive: true });
  const extensions = `-p:MSBuildProjectExtensionsPath=${cache}/obj/`;
  await run('dotnet', ['restore', at('../fixtures/powershell/pester.csproj'), extensions], { cwd: root });
  const assets = JSON.parse(await readFile(join(cache, 'obj', 'project.assets.json'), 'utf8')) as {
    readonly packageFolders: Readonly<Record<string, unknown>>;
    readonly project: {
      readonly frameworks: Readonly<Record<string, { downloadDependencies: { version: string }[] }>>;
    };
  };
  const [packages = ''] = Object.keys(assets.packageFolders);
  const [framework] = Object.values(assets.project.frameworks);
  const version = /\d[\w.-]*/.exec(framework?.downloadDependencies[0]?.version ?? '')?.[0] ?? '';
  return join(packages, 'pester', version, 'tools');
}
