// The layout's rule, as docs/architecture.md shows it: who may import whom.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const HOMES = ['src', 'sandbox', 'localHost', 'scripts', 'bench'];

/** A row of the table: a room, and the other rooms that it may import. */
interface Room {
  readonly path: string;
  readonly name: string;
  /** Whether every room of src may import it. */
  readonly isForAll: boolean;
  readonly mayImport: readonly string[];
  /** Rooms from which it may import only types. */
  readonly mayImportTypes: readonly string[];
}

const rooms = readRooms();

/** The rows of `| room | what belongs there | may import |`. */
function readRooms(): Room[] {
  const [, table = ''] = readFileSync(join(root, 'docs/architecture.md'), 'utf8').split('\n## ');
  return [...table.matchAll(/^\| `([^`]+)` *\|([^|]*)\|([^|]*)\|$/gm)].map(([, path = '', purpose = '', cell = '']) => {
    const named = [...cell.matchAll(/`([^`]+)`( \(types\))?/g)];
    return {
      path,
      name: nameOf(path),
      isForAll: purpose.includes('for all of `src/`'),
      mayImport: named.filter(([, , types]) => types === undefined).map(([, name = '']) => name),
      mayImportTypes: named.filter(([, , types]) => types !== undefined).map(([, name = '']) => name),
    };
  });
}

/** The name of a room in the last column: `src/runs/` is `runs`, `src/log.ts` is `log`. */
function nameOf(path: string): string {
  return path.replace(/^src\//, '').replace(/\/$|\.ts$/, '');
}

/** The innermost room that holds a file. */
function roomOf(file: string): Room | undefined {
  const holds = ({ path }: Room) => file === path || (path.endsWith('/') && file.startsWith(path));
  return rooms.filter(holds).sort((a, b) => b.path.length - a.path.length)[0];
}

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules'))
    .map((file) => `${folder}/${file.split(sep).join('/')}`);
}

const files = HOMES.flatMap(filesIn);

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const { module, errors } = parseSync(file, text);
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
    target: text.slice(moduleRequest.start + 1, moduleRequest.end - 1),
    typeOnly: false,
  }));
  return [...statics, ...exported, ...dynamic];
}

/** What a file imports from other rooms: the name of the room, and whether it imports only types. */
function importsFromRooms(file: string): { readonly name: string; readonly typeOnly: boolean }[] {
  return importsOf(file)
    .filter(({ target }) => target.startsWith('.'))
    .map(({ target, typeOnly }) => {
      const [path = ''] = target.split('?');
      const imported = relative(root, resolve(root, file, '..', path))
        .split(sep)
        .join('/');
      return { room: roomOf(imported), imported, typeOnly };
    })
    .filter(({ room }) => room !== roomOf(file) && !(room?.isForAll && file.startsWith('src/')))
    .map(({ room, imported, typeOnly }) => ({ name: room?.name ?? imported, typeOnly }));
}

describe('the layout', () => {
  it.each(files)('%s imports only what its room may import', (file) => {
    const room = roomOf(file);
    expect(room, 'docs/architecture.md has no room for it').toBeDefined();
    const { mayImport = [], mayImportTypes = [] } = room ?? {};
    const foreign = importsFromRooms(file).filter(
      ({ name, typeOnly }) => !mayImport.includes(name) && !(typeOnly && mayImportTypes.includes(name)),
    );
    expect(foreign).toEqual([]);
  });

  it.each(rooms.map((room) => [room.path, room] as const))('%s imports every room in its row', (_, room) => {
    const imported = files.filter((file) => roomOf(file) === room).flatMap(importsFromRooms);
    const named = [...room.mayImport, ...room.mayImportTypes];
    expect(named.filter((name) => !imported.some((one) => one.name === name))).toEqual([]);
  });

  it.each(filesIn('src/rules'))('%s is pure: no package, no clock', (file) => {
    expect(importsOf(file).filter(({ target }) => !target.startsWith('.'))).toEqual([]);
    expect(readFileSync(join(root, file), 'utf8')).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|process\.|fetch\(|setTimeout/,
    );
  });

  it('registers no HTTP function past registerRoute, which asks who calls', () => {
    const registering = filesIn('src').filter((file) =>
      /\bapp\s*\.\s*(http|get|post|put|patch|deleteRequest|generic)\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(registering).toEqual(['src/http/registerRoute.ts']);
  });

  it('gives each file its own name, except a function or command and its verb', () => {
    const entrances = ['src/functions/', 'scripts/'];
    const inner = files.filter((file) => !entrances.includes(file.slice(0, -basename(file).length)));
    const names = inner.map((file) => basename(file));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('finds imports', () => {
    expect(importsOf('src/index.ts').length).toBeGreaterThan(0);
    expect(importsOf('src/graph/credential.ts').map(({ target }) => target)).toContain('@azure/msal-node');
    expect(rooms.length).toBeGreaterThan(HOMES.length);
  });
});
