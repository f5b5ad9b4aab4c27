// Documents name only files that exist, keep their lines short, and the project speaks of itself alone.
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

/** Files that exist only after a build, or that a user makes. */
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

const LONGEST_LINE = 120;
/** A line that is nothing but one link or one address. */
const UNBREAKABLE = /^\s*(?:[-*] |\d+\. )?(?:!?\[[^\]]*\]\([^)]*\)|<?https?:\/\/\S+)[.,:;]?$/;

/** Lines of prose that are too long. Tables, code and unbreakable lines may be longer. */
function longLines(document: string): string[] {
  const lines = readFileSync(join(root, document), 'utf8').split(/\r?\n/);
  let isCode = false;
  return lines.flatMap((line, index) => {
    const isFence = /^\s*(```|~~~)/.test(line);
    if (isFence) isCode = !isCode;
    if (isCode || isFence || /^\s*\|/.test(line) || UNBREAKABLE.test(line)) return [];
    return line.length > LONGEST_LINE ? [`line ${index + 1}: ${line.length} characters`] : [];
  });
}

describe('documents', () => {
  it.each(documents)('%s names only files that exist', (document) => {
    const missing = namedFiles(document).filter(
      (path) => !NOT_IN_THE_CLONE.test(path) && !existsSync(join(root, path)),
    );
    expect(missing).toEqual([]);
  });

  it.each(documents)('%s wraps its prose at 120 characters', (document) => {
    expect(longLines(document)).toEqual([]);
  });

  it('exist', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md']));
  });

  it('describe every setting of the example in the README', () => {
    const { Values } = JSON.parse(readFileSync(join(root, 'local.settings.json.example'), 'utf8'));
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(Object.keys(Values).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
    expect(readConfiguration(Values).faults).toEqual([]);
  });

  it('show the rules that the code states', () => {
    const rulesIn = (file: string) => {
      const rows = readFileSync(join(root, file), 'utf8').matchAll(/^(?: \* )?(\| (?:denied|allowed|any) .*\|)$/gm);
      return [...rows].map(([, row = '']) => row.replaceAll(/ +/g, ' '));
    };
    expect(rulesIn('docs/verdicts.md')).toEqual(rulesIn('src/rules/judge.ts'));
    expect(rulesIn('docs/verdicts.md')).toHaveLength(10);
  });
});
