// The Node that runs the scripts: this one if it can run TypeScript, else the Node 24 among the packages.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Whether a Node of that version runs TypeScript as it is: from 22.18 and 23.6 on ("Node.js", "Modules: TypeScript", history). */
export function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** Answers its file. Without one, says what to do and ends the process. */
export function suitableNode() {
  const { versions, platform, arch, execPath } = process;
  if (runsTypeScript(versions.node)) return execPath;
  const bundled = packagedNode(`node-${platform === 'win32' ? 'win' : platform}-${arch}`);
  if (bundled) return bundled;
  console.error(
    `Mailscope's scripts need Node 22.18 or newer (of 23: 23.6), and this is ${versions.node}. Node 24 comes along as a package ` +
      `for Linux (x64, arm64) and Windows (x64), and is not there for ${platform} ${arch}: install it from https://nodejs.org.`,
  );
  process.exit(1);
}

/** Null when the package does not exist for this machine, or was not installed. */
function packagedNode(name) {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`${name}/package.json`);
    const file = join(dirname(manifest), require(manifest).bin.node);
    return existsSync(file) ? file : null;
  } catch {
    // It is optional: npm leaves out those of other platforms.
    return null;
  }
}
