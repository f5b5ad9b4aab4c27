// Builds the app and the command line as ES modules in dist/, and the page. They load several times faster than their packages.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildPage } from './buildPage.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'dist');
const pageFolder = join(folder, 'dashboard');

interface BuiltFile {
  readonly path: string;
  readonly contents: Uint8Array;
}

/**
 * Writes `dist/index.js`, `dist/cli.js`, the chunks that they share or load later, such as identity and storage, and the
 * page in `dist/dashboard/`.
 */
export async function buildBundle(): Promise<void> {
  const [modules, page] = await Promise.all([buildModules(), buildPage(root)]);
  await writeAll(folder, modules, (name) => name.endsWith('.js'));
  const pageFiles = page.map(({ name, contents }) => ({ path: join(pageFolder, name), contents }));
  await writeAll(pageFolder, pageFiles, (name) => !/\.\d+$/.test(name));
}

async function buildModules(): Promise<readonly BuiltFile[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/index.ts', 'src/cli.ts'],
    outdir: folder,
    bundle: true,
    splitting: true,
    write: false,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The host supplies this module.
    external: ['@azure/functions-core'],
    // Bundled CommonJS packages still call require.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
    },
  });
  return outputFiles;
}

/**
 * Writes files into a folder, then removes those of earlier builds. It leaves unfinished files, because another build may
 * be writing them.
 */
async function writeAll(into: string, files: readonly BuiltFile[], isOurs: (name: string) => boolean): Promise<void> {
  await mkdir(into, { recursive: true });
  await Promise.all(files.map(({ path, contents }) => replace(path, contents)));
  const built = new Set(files.map(({ path }) => basename(path)));
  const stale = (await readdir(into)).filter((name) => isOurs(name) && !built.has(name));
  await Promise.all(stale.map((name) => rm(join(into, name), { force: true })));
}

/** Replaces the file by a rename, so that a process that loads it now gets the old or the new one, never half. */
async function replace(path: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(contents)) return;
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}
