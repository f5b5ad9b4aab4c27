// Runs the project's tools one after the other and stops at the first that fails.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What it is, the package's command with its arguments, and what helps when it fails. */
export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly advice?: string;
}

export const FORMAT_AND_LINT: Step = {
  name: 'format and lint',
  command: 'biome',
  args: ['check', '--error-on-warnings', '.'],
  advice: '`npm run format` settles the format, and what lint can fix.',
};

export const TYPES: Step = { name: 'types', command: 'tsc', args: [] };

/** The page runs in a browser, which has other types than Node. */
export const PAGE_TYPES: Step = { name: 'types of the page', command: 'tsc', args: ['--project', 'web'] };

const root = fileURLToPath(new URL('../..', import.meta.url));

const PACKAGES: Readonly<Record<string, string>> = { biome: '@biomejs/biome', tsc: 'typescript', vitest: 'vitest' };

/** Answers the exit code: 0, or that of the step that failed. */
export async function runAll(steps: readonly Step[]): Promise<number> {
  for (const { name, command, args, advice } of steps) {
    // Under this very Node, whatever `node` means on the path.
    const { status } = spawnSync(process.execPath, [commandFile(command), ...args], { cwd: root, stdio: 'inherit' });
    if (status === 0) continue;
    console.error(`\nFailed: ${name}.${advice ? ` ${advice}` : ''}`);
    return status ?? 1;
  }
  return 0;
}

function commandFile(command: string): string {
  const require = createRequire(join(root, 'package.json'));
  const name = PACKAGES[command] ?? command;
  // Some packages export no manifest, so it is found on the disk.
  const manifest = join(packageFolder(require, name), 'package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly bin: string | Readonly<Record<string, string>>;
  };
  return join(dirname(manifest), typeof bin === 'string' ? bin : (bin[command] ?? ''));
}

function packageFolder(require: NodeJS.Require, name: string): string {
  const [modules = ''] = require.resolve.paths(name) ?? [];
  return join(modules, name);
}
