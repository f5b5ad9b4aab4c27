// Installs what package-lock.json says. Plain JavaScript that Node 20 runs, for it comes before every package.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeInstallLock } from './installLock.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

// Measured in a fresh clone on Linux x64; `du -sm node_modules` shows it.
const HOW_MUCH = 'about 1 to 3 minutes, about 950 MB in node_modules';

/**
 * 1. Nothing happens when every package is there, in the version of the lock file.
 * 2. One process installs at a time: two terminals in a fresh clone install once.
 * 3. `npm ci` runs. What stops this process stops it too, and the lock is given back.
 *
 * Says a sentence and ends the process when the packages cannot be installed.
 */
export async function installPackages(root) {
  if (reasonToInstall(root) === null) return;
  const lock = await takeInstallLock(join(root, '.installing'), console.error).catch((error) => giveUp(root, error));
  let code = 0;
  try {
    // Whoever held the lock before may have installed everything.
    const reason = reasonToInstall(root);
    if (reason !== null) {
      console.error(`${reason}Installing what package-lock.json says, once: ${HOW_MUCH} …`);
      code = await runNpmCi(root);
    }
  } finally {
    lock.release();
  }
  if (code !== 0) process.exit(code);
}

/** Null when every package is there; else a sentence that says what is not, or '' in a fresh clone. */
function reasonToInstall(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const found = readInstalled(root);
  if (found === null) return '';
  const same = Object.keys(found).every((key) => wanted[key]?.version === found[key].version);
  // Optional packages of other platforms are left out.
  if (!same || !Object.keys(wanted).every((key) => wanted[key].optional || key in found))
    return 'The packages are not those of package-lock.json. ';
  const gone = Object.keys(found).find((key) => !existsSync(join(root, key, 'package.json')));
  return gone === undefined ? null : `The package ${gone} is not there any more. `;
}

/** What npm notes when it is done; null without it, and when a full disk cut it short. */
function readInstalled(root) {
  try {
    return readPackages(join(root, 'node_modules', '.package-lock.json'));
  } catch {
    return null;
  }
}

function readPackages(file) {
  const { '': _, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages;
  return packages;
}

/** Answers the exit code for this process: 0 when everything is installed. */
async function runNpmCi(root) {
  const npm = process.env.npm_execpath;
  // npm is gone as soon as this process is, so that whoever takes over the lock installs alone.
  const watchdog = new URL(`./watchdog.mjs?parent=${process.pid}`, import.meta.url).href;
  const windows = process.platform === 'win32';
  const [command, ...first] = npm ? [process.execPath, '--import', watchdog, npm] : [windows ? 'npm.cmd' : 'npm'];
  const child = spawn(command, [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: !npm && windows,
  });
  let stoppedBy;
  const stop = (signal) => {
    stoppedBy = signal;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const status = await once(child, 'exit').then(
    ([code]) => code,
    (error) => error.code,
  );
  for (const signal of SIGNALS) process.off(signal, stop);
  if (stoppedBy) return stoppedBy === 'SIGINT' ? 130 : 143;
  if (status === 0) return 0;
  console.error(
    status === 'ENOENT'
      ? 'npm is not on the path: install Node and npm from https://nodejs.org.'
      : 'npm ci failed, see above. Is the npm registry within reach, and is there room on the disk?',
  );
  return 1;
}

const WHY = {
  EACCES: 'it belongs to somebody else',
  EPERM: 'it belongs to somebody else',
  EROFS: 'it is read-only',
  ENOSPC: 'the disk is full',
};

function giveUp(root, { code, message }) {
  console.error(
    `Mailscope has to install its packages, and cannot write into ${root}: ${WHY[code] ?? message}. ` +
      'Make the folder writable, or copy it to a place where you may write, and run the command there.',
  );
  process.exit(1);
}
