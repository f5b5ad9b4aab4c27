// The files of the deployed package: the bundle, host.json, and a package.json that has nothing to install or build.
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ZipEntry } from './zip.ts';

/** What the platform reads of package.json. Without scripts and dependencies a build in the cloud has nothing to do. */
const KEPT = ['name', 'version', 'type', 'main', 'engines'];

/** Source maps are for people, and a name that ends in digits is a file that another build is writing. */
const LEFT_OUT = /\.map$|\.\d+$/;

/** The files of the package of the project at `root`, which was built before. */
export async function packageFiles(root: string): Promise<readonly ZipEntry[]> {
  const manifest: Record<string, unknown> = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const kept = Object.fromEntries(KEPT.map((name) => [name, manifest[name]]));
  const found = await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true });
  const built = found
    .filter((entry) => entry.isFile() && !LEFT_OUT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).split(sep).join('/').replace(/^\//, ''));
  const read = async (name: string): Promise<ZipEntry> => ({ name, content: await readFile(join(root, name)) });
  return [
    { name: 'package.json', content: Buffer.from(`${JSON.stringify(kept, null, 2)}\n`) },
    ...(await Promise.all(['host.json', ...built].map(read))),
  ];
}
