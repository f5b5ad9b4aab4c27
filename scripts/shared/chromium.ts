// A Chromium for tests, screenshots and measurements: the one of an npm package, or the one that CHROMIUM names.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = join(root, 'node_modules/@sparticuz/chromium');

/** Why no browser can be started here; null when one can. */
export const NO_CHROMIUM: string | null =
  process.env.CHROMIUM || (process.platform === 'linux' && process.arch === 'x64')
    ? null
    : 'The Chromium of npm runs on Linux x64 only. Set CHROMIUM to the path of another Chromium.';

/** Starts a browser without a window. The caller closes it. */
export async function startChromium(): Promise<Browser> {
  const own = process.env.CHROMIUM;
  if (own) return launch(own, {});
  const folder = await unpacked();
  const env = { FONTCONFIG_FILE: join(folder, FONTS_FILE) };
  try {
    return await launch(join(folder, 'chromium'), env);
  } catch (error) {
    // It may also lack libraries that a desktop has. The package brings them too; a machine's own are better.
    if (!String(error).includes('error while loading shared libraries')) throw error;
    return launch(join(folder, 'chromium'), { ...env, LD_LIBRARY_PATH: join(folder, 'al2023/lib') });
  }
}

async function launch(executablePath: string, env: Record<string, string>): Promise<Browser> {
  // Only tests and a few commands need this package.
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    // Its pages come from this machine alone, and a container has nothing to make a sandbox of. The package's own
    // arguments switch web security off.
    args: ['--no-sandbox', '--lang=en-US', '--font-render-hinting=none'],
    // Without a language, code that asks for it may throw.
    env: { ...process.env, LANG: 'en_US.UTF-8', ...env },
  });
}

/**
 * The folder with the unpacked browser, 210 MB. It is unpacked once for each version, under another name first: another
 * process may do the same.
 */
async function unpacked(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as { readonly version: string };
  const folder = join(root, 'node_modules/.cache/chromium', version);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  const { inflate } = await import('@sparticuz/chromium');
  const before = process.env.TMPDIR;
  // The package unpacks into the temporary folder, which it looks up when it is called.
  process.env.TMPDIR = unfinished;
  try {
    await Promise.all(
      ['chromium.br', 'fonts.tar.br', 'al2023.tar.br'].map((name) => inflate(join(PACKAGE, 'bin', name))),
    );
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  await writeFile(join(unfinished, FONTS_FILE), fontsFile(folder));
  await rename(unfinished, folder).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  });
  return folder;
}

const FONTS_FILE = 'fonts.conf';

/** A container may have no fonts, so the package brings some. The file that comes with them names folders of a cloud. */
function fontsFile(folder: string): string {
  const prefer = (family: string, font: string) =>
    `<alias binding="same"><family>${family}</family><prefer><family>${font}</family></prefer></alias>`;
  return [
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>',
    `<dir>${join(folder, 'fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'fonts-cache')}</cachedir>`,
    prefer('system-ui', 'Open Sans'),
    prefer('sans-serif', 'Open Sans'),
    prefer('monospace', 'DejaVu Sans Mono'),
    '</fontconfig>',
  ].join('\n');
}
