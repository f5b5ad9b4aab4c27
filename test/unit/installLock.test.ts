// The lock under an install: one process at a time, and none waits for a process that is gone.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { takeInstallLock } from '../../scripts/shared/installLock.mjs';
import { until } from '../support/until.ts';

// A refresh comes far more often than a claim lasts, as in earnest.
const TIMES = { refreshMs: 20, staleMs: 10_000, claimMs: 400, lookMs: 5 };
const WAITING = 'Another process is installing; waiting for it …';
const TAKEN_OVER = expect.stringContaining('was stopped before its end');

let file: string;
let said: string[];

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'mailscope-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  file = join(folder, '.installing');
  said = [];
});

const take = () => takeInstallLock(file, (sentence: string) => said.push(sentence), TIMES);

/** As if nobody had touched the lock for a minute. */
function age(ageMs = 60_000): void {
  const then = new Date(Date.now() - ageMs);
  utimesSync(file, then, then);
}

describe('the install lock', () => {
  it('is taken when nobody holds it, and is gone when it is given back', async () => {
    const lock = await take();
    expect(existsSync(file)).toBe(true);
    lock.release();
    expect(existsSync(file)).toBe(false);
    expect(said).toEqual([]);
  });

  it('is waited for while its holder is alive, however long that takes', async () => {
    const holder = await take();
    let isTaken = false;
    const second = take().then((lock) => {
      isTaken = true;
      return lock;
    });
    await until(() => expect(said).toEqual([WAITING]));
    expect(isTaken).toBe(false);
    holder.release();
    (await second).release();
    expect(said).toEqual([WAITING]);
  });

  it('is refreshed by its holder', async () => {
    const lock = await take();
    age();
    await until(() => expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(10_000));
    lock.release();
  });

  it.each([
    ['an empty one', ''],
    ['one with the id of this very process', String(process.pid)],
    ['one with the id of a process that runs', String(process.ppid)],
  ])('%s that nobody refreshes is taken over', async (_, content) => {
    writeFileSync(file, content);
    age();
    const lock = await take();
    expect(said).toEqual([TAKEN_OVER]);
    lock.release();
    expect(existsSync(file)).toBe(false);
  });

  it('an empty one that was made just now is waited for: its holder is about to write', async () => {
    writeFileSync(file, '');
    const taken = take();
    await until(() => expect(said).toEqual([WAITING]));
    rmSync(file);
    (await taken).release();
  });

  it('one from the future, after the clock was set back, is taken over', async () => {
    writeFileSync(file, 'x');
    age(-3_600_000);
    const lock = await take();
    expect(said).toEqual([TAKEN_OVER]);
    lock.release();
  });

  it('is not taken from a holder that was only suspended', async () => {
    const holder = await take();
    const held = readFileSync(file, 'utf8');
    age();
    const second = take();
    await until(() => expect(said).toEqual([WAITING]));
    expect(readFileSync(file, 'utf8')).toBe(held);
    holder.release();
    (await second).release();
  });

  it('goes to one at a time when several find it stale', async () => {
    writeFileSync(file, '');
    age();
    let holders = 0;
    let most = 0;
    const installs = Array.from({ length: 5 }, async () => {
      const lock = await take();
      holders += 1;
      most = Math.max(most, holders);
      await new Promise((resolve) => setImmediate(resolve));
      holders -= 1;
      lock.release();
    });
    await Promise.all(installs);
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('says what the system says when it cannot be written', async () => {
    file = join(file, 'in a folder that is not there');
    await expect(take()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
