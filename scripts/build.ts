// Builds the bundle: the whole app as ES modules in dist/, which load several times faster than its packages.
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dist');

/** Writes `dist/index.js`, and beside it the chunks that it loads when they are first needed: identity, storage. */
export async function buildBundle(): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/index.ts'],
    outdir: folder,
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The host supplies this one when the app is loaded.
    external: ['@azure/functions-core'],
    // CommonJS packages in an ES module still call require.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
    },
  });
  await removeOthers(new Set(Object.keys(metafile.outputs).map((path) => basename(path))));
}

/** Chunks of earlier builds. Only those: another process may just be loading one of today's. */
async function removeOthers(built: ReadonlySet<string>): Promise<void> {
  const stale = (await readdir(folder)).filter((name) => !built.has(name));
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBundle();
