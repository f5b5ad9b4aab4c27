// One process installs at a time. The lock is a file that its holder refreshes, so one that nobody refreshes counts for nothing.
// It holds no process id: ids repeat in containers, and mean nothing to a container that shares the folder.
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const TIMES = { refreshMs: 1_000, staleMs: 10_000, claimMs: 3_000, lookMs: 200 };

/**
 * Takes the lock, and waits while another process that is alive holds it.
 *
 * 1. The file can be created: nobody else holds the lock.
 * 2. Another process refreshes the file: this one waits and tries again.
 * 3. Nobody refreshed it for ten seconds, an empty one included: this process writes a token of its own into it. If the
 *    token still stands three seconds later, the lock is ours. A holder that was only suspended writes its own token
 *    again, and of two processes that claim the lock the last one gets it.
 *
 * Rejects with the system's error when the file cannot be written.
 *
 * @param say called with a sentence when this process waits, and when it takes over
 * @returns the lock; its `release` gives it back
 */
export async function takeInstallLock(file, say, times = TIMES) {
  const token = randomUUID();
  let waiting = false;
  while (!create(file, token)) {
    if (isStale(file, times.staleMs)) {
      if (!(await claim(file, token, times.claimMs))) continue;
      say(`An earlier install was stopped before its end and left ${file} behind; this one takes over.`);
      break;
    }
    if (!waiting) say('Another process is installing; waiting for it …');
    waiting = true;
    await wait(times.lookMs);
  }
  return hold(file, token, times.refreshMs);
}

/** False when the file is there already. */
function create(file, token) {
  try {
    writeFileSync(file, token, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    // A full disk lets an empty file be made.
    if (read(file) === '') rmSync(file, { force: true });
    throw error;
  }
}

function isStale(file, staleMs) {
  const seen = statSync(file, { throwIfNoEntry: false });
  // A clock that was set back leaves a time in the future.
  return seen !== undefined && Math.abs(Date.now() - seen.mtimeMs) > staleMs;
}

async function claim(file, token, claimMs) {
  writeFileSync(file, token);
  await wait(claimMs);
  return read(file) === token;
}

function hold(file, token, refreshMs) {
  const timer = setInterval(() => refresh(file, token), refreshMs);
  timer.unref();
  return {
    release() {
      clearInterval(timer);
      if (read(file) === token) rmSync(file, { force: true });
    },
  };
}

function refresh(file, token) {
  try {
    const now = new Date();
    if (read(file) === token) utimesSync(file, now, now);
    // Another process took this one for dead: it sees now that it is not.
    else writeFileSync(file, token);
  } catch {
    // The disk is full, or another program has the file open: the next refresh is soon.
  }
}

/** Null when it is not there, or not readable right now. */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
