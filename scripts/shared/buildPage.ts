// Builds the page: a shell, and a script and a style sheet whose names hold the hash of their content.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

export interface PageFile {
  readonly name: string;
  readonly contents: Uint8Array;
}

/** The files of `dist/dashboard/`, each also compressed with Brotli and gzip. */
export async function buildPage(root: string): Promise<readonly PageFile[]> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { page: 'web/main.tsx' },
    entryNames: '[name]-[hash]',
    outdir: join(root, 'dist/dashboard'),
    bundle: true,
    write: false,
    platform: 'browser',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    format: 'esm',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { MAILSCOPE_VERSION: JSON.stringify(version) },
  });
  const built = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
  const shell = { name: 'index.html', contents: await shellOf(root, built) };
  return [shell, ...built].flatMap(withCompressed);
}

/** The shell with the names of this build. */
async function shellOf(root: string, built: readonly PageFile[]): Promise<Buffer> {
  const text = await readFile(join(root, 'web/index.html'), 'utf8');
  const filled = text.replaceAll(/\bpage\.(js|css)\b/g, (_, kind: string) => {
    const file = built.find(({ name }) => name.endsWith(`.${kind}`));
    if (!file) throw new Error(`The build of web/ made no .${kind} file.`);
    return file.name;
  });
  return Buffer.from(filled);
}

function withCompressed({ name, contents }: PageFile): PageFile[] {
  const brotli = brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  return [
    { name, contents },
    { name: `${name}.br`, contents: brotli },
    { name: `${name}.gz`, contents: gzipSync(contents, { level: 9 }) },
  ];
}
