// Which Node runs what.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runsTypeScript } from '../../scripts/shared/suitableNode.mjs';
import { refusalOf } from '../../src/oldNode.ts';

describe('the bundle', () => {
  it.each(['18.20.8', '20.20.2', '21.7.3', '22.0.0', '22.17.1'])('refuses Node %s in one sentence', (version) => {
    expect(refusalOf(version)).toBe(`Mailscope needs Node 22.18 or newer, and this is Node ${version}.`);
  });

  it.each(['22.18.0', '22.20.1', '23.0.0', '24.21.0', '100.0.0'])('runs on Node %s', (version) => {
    expect(refusalOf(version)).toBeNull();
  });

  it('needs what package.json and the lock file say', () => {
    const [manifest, lock] = ['package.json', 'package-lock.json'].map((file) =>
      JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')),
    );
    expect(lock.packages[''].engines).toEqual(manifest.engines);
    const [, oldest = ''] = /^>=(\d+\.\d+)$/.exec(manifest.engines.node) ?? [];
    expect(refusalOf(`${oldest}.0`)).toBeNull();
    expect(refusalOf('0.0.0')).toContain(`Node ${oldest} or newer`);
  });
});

describe('the scripts, which are TypeScript', () => {
  it.each(['18.20.8', '20.20.2', '22.17.1', '23.0.0', '23.5.0'])('cannot run on Node %s', (version) => {
    expect(runsTypeScript(version)).toBe(false);
  });

  it.each(['22.18.0', '23.6.0', '24.0.0', '25.1.0'])('run on Node %s', (version) => {
    expect(runsTypeScript(version)).toBe(true);
  });
});
