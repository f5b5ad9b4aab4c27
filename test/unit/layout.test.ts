// The layout's rule: who may import whom.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** For each room of src, the rooms it may import. `services:type` is the shape of the services without their making. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  index: ['functions'],
  cli: ['cli', 'ask', 'doctor', 'services', 'settings', 'errors', 'rules'],
  functions: ['runs', 'reads', 'alerts', 'http', 'services', 'settings', 'errors', 'log', 'rules'],
  ask: ['ask', 'graph', 'storage', 'rules', 'services:type'],
  doctor: ['doctor', 'ask', 'runs', 'alerts', 'graph', 'storage', 'rules', 'services:type', 'settings', 'errors'],
  runs: ['runs', 'graph', 'storage', 'rules', 'services:type', 'settings', 'errors', 'log'],
  reads: ['reads', 'runs', 'graph', 'storage', 'rules', 'services:type', 'settings', 'errors', 'log'],
  alerts: ['alerts', 'runs', 'storage', 'rules', 'services:type', 'settings', 'errors', 'log'],
  http: ['http', 'rules', 'errors', 'log'],
  graph: ['graph', 'rules', 'settings', 'errors', 'log'],
  storage: ['storage', 'rules', 'settings', 'errors', 'log'],
  services: ['graph', 'storage', 'rules', 'settings', 'errors', 'log'],
  settings: ['settings', 'rules'],
  rules: ['rules'],
  errors: [],
  log: [],
};

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(root, folder, file));
}

function roomOf(file: string): string {
  return relative(join(root, 'src'), file).split(sep)[0]?.replace(/\.ts$/, '') ?? '';
}

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const { module, errors } = parseSync(file, readFileSync(file, 'utf8'));
  expect(errors).toEqual([]);
  const statics = module.staticImports.map(({ moduleRequest, entries }) => ({
    target: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  }));
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest ? [{ target: moduleRequest.value, typeOnly: isType }] : [],
    ),
  );
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    target: readFileSync(file, 'utf8').slice(moduleRequest.start + 1, moduleRequest.end - 1),
    typeOnly: false,
  }));
  return [...statics, ...exported, ...dynamic];
}

describe('the layout', () => {
  it.each(sourceFiles('src').map((file) => [relative(root, file), file]))('%s imports what its room may', (_, file) => {
    const allowed = MAY_IMPORT[roomOf(file)];
    expect(allowed, 'the room is not in the table').toBeDefined();
    for (const { target, typeOnly } of importsOf(file).filter((one) => one.target.startsWith('.'))) {
      const path = resolve(file, '..', target);
      expect(path.startsWith(join(root, 'src')), `${target} leaves src`).toBe(true);
      const room = roomOf(path);
      const fits = allowed?.includes(room) || (typeOnly && allowed?.includes(`${room}:type`));
      expect(fits, `${target} is not for ${roomOf(file)}`).toBe(true);
    }
  });

  it.each(sourceFiles('src/rules').map((file) => [relative(root, file), file]))(
    '%s is pure: no package, no clock',
    (_, file) => {
      expect(importsOf(file).filter(({ target }) => !target.startsWith('.'))).toEqual([]);
      expect(readFileSync(file, 'utf8')).not.toMatch(
        /Date\.now|new Date\(\)|Math\.random|process\.|fetch\(|setTimeout/,
      );
    },
  );

  it('finds the imports it judges', () => {
    expect(importsOf(join(root, 'src/index.ts')).length).toBeGreaterThan(0);
    expect(importsOf(join(root, 'src/graph/credential.ts')).map(({ target }) => target)).toContain('@azure/msal-node');
  });
});
