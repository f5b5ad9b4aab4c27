// `npm run package`: builds the app and packs it for Azure, into a zip file or a folder.
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildBundle } from './shared/buildBundle.ts';
import { packageFiles } from './shared/packageFiles.ts';
import { type ZipEntry, zip } from './shared/zip.ts';

const USAGE = `Usage: npm run package -- [OPTIONS]

  --out mailscope.zip  the zip file to write
  --folder DIR         write the files into this folder instead; what it held before is removed`;

const root = fileURLToPath(new URL('..', import.meta.url));
/** What an earlier package left, and what npm writes when a tool runs `npm install` there. */
const OF_A_PACKAGE = ['dist', 'host.json', 'package.json', 'package-lock.json', 'node_modules'];

process.exitCode = await main();

/** Answers the exit code: 0, 1 when a folder or file cannot be written, 2 when the command line is not understood. */
async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  await buildBundle();
  const files = await packageFiles(root);
  try {
    if (options.folder === undefined) await writeZip(resolve(options.out), files);
    else await writeFolder(resolve(options.folder), files);
    return 0;
  } catch (error) {
    console.error(`There is no package: ${(error as Error).message}`);
    return 1;
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        out: { type: 'string', default: 'mailscope.zip' },
        folder: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.out !== '' && values.folder !== '') return values;
    throw new Error('--out and --folder need a path.');
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return undefined;
  }
}

async function writeZip(file: string, files: readonly ZipEntry[]): Promise<void> {
  const bytes = zip(files);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
  const digest = createHash('sha256').update(bytes).digest('hex');
  console.log(`${file}: ${files.length} files, ${Math.ceil(bytes.length / 1024)} KiB, SHA-256 ${digest}`);
}

/** Replaces the whole folder, because all of it is deployed. */
async function writeFolder(folder: string, files: readonly ZipEntry[]): Promise<void> {
  const foreign = (await namesIn(folder)).find((name) => !OF_A_PACKAGE.includes(name));
  if (foreign !== undefined) {
    throw new Error(`${folder} holds ${foreign}, which is no part of a package. Name another folder, or empty it.`);
  }
  await rm(folder, { recursive: true, force: true });
  for (const { name, content } of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  console.log(`${folder}: ${files.length} files`);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
