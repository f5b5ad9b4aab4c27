// The GitHub workflows: every action is pinned, and a job has no more rights than it needs.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../.github/workflows');
const files = readdirSync(folder);

/** A line of a block of YAML with its depth; comments and empty lines are left out. */
interface Line {
  readonly depth: number;
  readonly text: string;
}

function linesOf(file: string): Line[] {
  return readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    .map((line) => ({ depth: line.search(/\S/), text: line.trim() }));
}

/** The lines below the first one that is `key:`, which may be nested. */
function below(lines: readonly Line[], key: string): Line[] {
  const start = lines.findIndex(({ text }) => text === `${key}:`);
  const depth = lines[start]?.depth ?? 0;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.depth <= depth);
  return start < 0 ? [] : rest.slice(0, end < 0 ? undefined : end);
}

const texts = (lines: readonly Line[]) => lines.map(({ text }) => text);

describe('the workflows', () => {
  it('are one that checks and one that deploys', () => {
    expect(files.sort()).toEqual(['check.yml', 'deploy.yml']);
  });

  it.each(files)('%s pins every action by its commit, and says the version', (file) => {
    const used = texts(linesOf(file)).filter((text) => /^(- )?uses:/.test(text));
    expect(used.length).toBeGreaterThan(2);
    expect(used.filter((text) => !/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(text))).toEqual([]);
  });

  it('use one commit for each action', () => {
    const used = files.flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/uses: (\S+)@(\S+)/g)]);
    const commits = new Map(used.map(([, action = '', commit = '']) => [action, commit]));
    expect(used.filter(([, action = '', commit]) => commits.get(action) !== commit)).toEqual([]);
  });

  it.each(files)('%s holds no secret, and puts no text of others into a shell', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text).not.toMatch(/secrets\.|pull_request_target|publish-profile|creds:/);
    const scripts = text.split(/\n\s*run: /).slice(1);
    for (const script of scripts) expect(script.split(/\n\s*- /)[0]).not.toContain('${{');
  });

  it('check on three systems and two versions of Node, with the right to read alone', () => {
    const lines = linesOf('check.yml');
    expect(texts(lines)).toContain('os: [ubuntu-24.04, windows-2025, macos-15]');
    expect(texts(lines)).toContain('node: ["22", "24"]');
    expect(texts(below(lines, 'permissions'))).toEqual(['contents: read']);
    expect(texts(lines).filter((text) => text.endsWith(': write'))).toEqual([]);
    expect(texts(lines)).toContain('- run: npm test');
  });

  it('deploy with a token of GitHub, in a job that builds nothing', () => {
    const lines = linesOf('deploy.yml');
    expect(texts(lines)).toContain('permissions: {}');
    expect(texts(below(lines, 'on'))).toEqual(['workflow_dispatch:']);
    const [build, deploy] = [below(lines, 'build'), below(lines, 'deploy')];
    expect(texts(below(build, 'permissions'))).toEqual(['contents: read']);
    expect(texts(below(deploy, 'permissions'))).toEqual(['id-token: write']);
    expect(texts(deploy)).toContain('environment: production');
    expect(texts(deploy).join('\n')).not.toMatch(/npm |checkout/);
    expect(texts(deploy)).toContain('remote-build: "false"');
  });

  it('keep no credentials in the clone', () => {
    for (const file of files) {
      const checkouts = texts(linesOf(file)).filter((text) => text.includes('actions/checkout@')).length;
      const kept = texts(linesOf(file)).filter((text) => text === 'persist-credentials: false').length;
      expect(kept).toBe(checkouts);
    }
  });
});
