// Builds the app and the command line as ES modules in dist/. They load several times faster than their packages.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'dist');

/**
 * Writes `dist/index.js`, `dist/cli.js`, and the chunks that they share or load later, such as identity and storage.
 */
export async function buildBundle(): Promise<void> {
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
  await mkdir(folder, { recursive: true });
  await Promise.all(outputFiles.map(({ path, contents }) => replace(path, contents)));
  await removeOthers(new Set(outputFiles.map(({ path }) => basename(path))));
}

/** Replaces the file by a rename, so that a process that loads it now gets the old or the new one, never half. */
async function replace(path: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(contents)) return;
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}

/** Removes chunks of earlier builds. It leaves unfinished files, because another build may be writing them. */
async function removeOthers(built: ReadonlySet<string>): Promise<void> {
  const stale = (await readdir(folder)).filter((name) => name.endsWith('.js') && !built.has(name));
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
}
