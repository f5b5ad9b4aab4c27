// Documents name only files that exist, and the project speaks of itself alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../src/settings/settings.ts';

const root = resolve(import.meta.dirname, '../..');
const documents = documentsIn('.', foldersToLeaveOut());

/** Those that .gitignore names: the test also runs where there is no git. */
function foldersToLeaveOut(): readonly string[] {
  const lines = readFileSync(join(root, '.gitignore'), 'utf8').split(/\r?\n/);
  return ['.git', ...lines.filter((line) => line.endsWith('/')).map((line) => line.slice(0, -1))];
}

function documentsIn(folder: string, leftOut: readonly string[]): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return leftOut.includes(entry.name) ? [] : documentsIn(path, leftOut);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Files that only a user's or a build's folder has. */
const NOT_IN_THE_CLONE = /^(dist\/|node_modules\/|local\.settings\.json$)/;

function namedFiles(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, path = '']) =>
    join(dirname(document), path),
  );
  const known =
    /`((?:src|sandbox|localHost|scripts|bench|powershell|test|docs|infra|web|\.ci)\/[\w./-]+|[\w.-]+\.(?:json(?:\.example)?|mjs))`/g;
  return [...links, ...[...text.matchAll(known)].map(([, path = '']) => path)];
}

describe('documents', () => {
  it.each(documents)('%s names only files that exist', (document) => {
    const missing = namedFiles(document).filter(
      (path) => !NOT_IN_THE_CLONE.test(path) && !existsSync(join(root, path)),
    );
    expect(missing).toEqual([]);
  });

  it('are there', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md']));
  });

  it('describe every setting of the example in the README', () => {
    const { Values } = JSON.parse(readFileSync(join(root, 'local.settings.json.example'), 'utf8'));
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(Object.keys(Values).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
    expect(readConfiguration(Values).faults).toEqual([]);
  });
});
