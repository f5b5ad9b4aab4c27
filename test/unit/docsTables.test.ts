// The tables of the documents and the code name the same things: settings, options, routes, codes, checks, commands.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { healthCode } from '../../src/api/answerSchemas.ts';
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { doctorCommand } from '../../src/cli/doctorCommand.ts';
import { USAGE as ASK_USAGE } from '../../src/cli/options.ts';
import type { Screen } from '../../src/cli/screen.ts';
import { CHECKS } from '../../src/doctor/checks.ts';
import { type ErrorCode, MailscopeError } from '../../src/errors.ts';
import { problemResponse } from '../../src/http/problem.ts';
import { CLOSED_BECAUSE } from '../../src/rules/drift.ts';
import { DRIFT_KINDS, VERDICTS } from '../../src/rules/judge.ts';
import { registeredApiAuth } from '../../src/settings/apiAuth.ts';
import { FIELDS } from '../../src/settings/fields.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The part of a page from a heading, or another line, to the next heading of that level or a higher one. */
function part(file: string, heading: string): string {
  const [, text] = read(file).split(`\n${heading}\n`);
  if (text === undefined) throw new Error(`${file} has no "${heading}"`);
  const level = /^#*/.exec(heading)?.[0].length ?? 2;
  return text.split(new RegExp(`\n#{1,${Math.max(level, 2)}} `))[0] ?? '';
}

/** The rows of all tables, as cells, without headers. Throws when there is none. */
function rows(text: string): string[][] {
  const tables = [...text.matchAll(/^\|.*\n\| *-[-| ]*\n((?:\|.*\n?)+)/gm)];
  const found = tables.flatMap(([, body = '']) => body.trimEnd().split('\n'));
  if (found.length === 0) throw new Error('there is no table');
  return found.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function spans(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}

const first = (table: readonly string[][]) => table.flatMap(([cell]) => spans(cell));

/** The strings of a union of literals in a file. */
function union(file: string, type: string): string[] {
  const [, body = ''] = new RegExp(`type ${type} =((?:\\s*\\|? '[^']+')+);`).exec(read(file)) ?? [];
  return [...body.matchAll(/'([^']+)'/g)].map(([, code = '']) => code);
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].toSorted();
}

describe("the README's settings", () => {
  // Read by the platform, by its libraries and by Core Tools.
  const OF_THE_PLATFORM = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'FUNCTIONS_WORKER_RUNTIME'];
  // Read before the fields, or beside them, with their defaults.
  const GENERAL = { OWNER: undefined, API_AUTH: registeredApiAuth({}) };
  const section = part('README.md', '## Settings');
  const table = rows(section);

  it('in tables are fields, or settings of the platform', () => {
    const known = [...Object.keys(FIELDS.shape), ...Object.keys(GENERAL), ...OF_THE_PLATFORM];
    expect(first(table).filter((name) => !known.includes(name))).toEqual([]);
    expect(first(table)).toEqual(expect.arrayContaining(OF_THE_PLATFORM));
  });

  it('are all fields that there are', () => {
    const named = spans(section);
    expect(Object.keys(FIELDS.shape).filter((name) => !named.includes(name))).toEqual([]);
    // Those of an identity-based connection stand below their table.
    const below = Object.keys(FIELDS.shape).filter((name) => !first(table).includes(name));
    expect(below.every((name) => name.startsWith('AzureWebJobsStorage__'))).toBe(true);
  });

  it('have the defaults of the fields', () => {
    const defaults: Readonly<Record<string, unknown>> = { ...FIELDS.parse({}), ...GENERAL };
    const shown = table.flatMap(([name = '', cell = '']) =>
      spans(cell).map((value) => [spans(name)[0] ?? '', value] as const),
    );
    for (const [name, value] of shown) expect(`${name} ${value}`).toBe(`${name} ${defaults[name]}`);
    const scalar = Object.keys(defaults).filter((name) =>
      ['string', 'number', 'boolean'].includes(typeof defaults[name]),
    );
    // One is "public cloud" in the table, and an address below it. The other is a list of one name.
    expect(sorted([...shown.map(([name]) => name), 'GRAPH_ENDPOINT'])).toEqual(sorted([...scalar, 'SCOPES']));
    expect(part('README.md', '## Settings')).toContain(
      `\`GRAPH_ENDPOINT\` is \`${defaults.GRAPH_ENDPOINT}\` by default`,
    );
  });
});

describe('error codes', () => {
  const codes = union('src/errors.ts', 'ErrorCode');
  const ofAnswers = rows(read('docs/problems.md').split('\n## ')[0] ?? '');
  const ofHealth = rows(part('docs/problems.md', '## Problems in `health`'));

  it('are those of the page about problems', () => {
    expect(codes.length).toBeGreaterThan(10);
    // `alert-undelivered` is never the answer to a caller.
    expect(sorted([...first(ofAnswers), 'alert-undelivered'])).toEqual(sorted(codes));
  });

  it('have the status that the page shows', () => {
    for (const [code = '', status] of ofAnswers) {
      const error = new MailscopeError(spans(code)[0] as ErrorCode, '');
      expect(`${code} ${problemResponse(error, 'http://127.0.0.1/').status}`).toBe(`${code} ${status}`);
    }
  });

  it('of health are those of the page', () => {
    const inCode = healthCode.options;
    expect(sorted(first(ofHealth))).toEqual(sorted(inCode));
    expect(inCode).toHaveLength(8);
  });
});

describe('the checks of the doctor', () => {
  it('are those of its page, in the order of the report', () => {
    const named = [...part('docs/doctor.md', '## The checks').matchAll(/^### `([\w-]+)`$/gm)].map(([, name]) => name);
    expect(named).toEqual(CHECKS.map(({ name }) => name));
    expect(named).toHaveLength(16);
  });
});

describe('commands', () => {
  it('of npm are those of the page about development', () => {
    const table = rows(read('docs/development.md').split('\n## ')[0] ?? '');
    const named = first(table).map((command) => command.replace(/^npm (run )?/, '').replace(/ .*/, ''));
    const { scripts } = JSON.parse(read('package.json'));
    expect(sorted(named)).toEqual(sorted(Object.keys(scripts)));
    expect(named).toHaveLength(Object.keys(scripts).length);
  });

  it('of the sandbox are those of the page about development', () => {
    const [, list = ''] = /^`COMMAND` is ([\s\S]*?)\. `npm run sandbox`/m.exec(read('docs/development.md')) ?? [];
    const [, usage = ''] = /Usage: npm run sandbox([\s\S]*?)`;/.exec(read('sandbox/sandboxCommand.ts')) ?? [];
    const inUsage = [...usage.matchAll(/^ {2}(policy \w+|\w+)/gm)].map(([, name = '']) => name);
    expect(sorted(spans(list))).toEqual(sorted(inUsage));
    expect(spans(list).length).toBeGreaterThan(5);
  });

  it("take the options of the README's table, with its defaults", () => {
    const shown = rows(part('README.md', '## Try it')).map(([option = '', value = '']) => [
      spans(option)[0],
      spans(value)[0] ?? value,
    ]);
    const source = read('scripts/start.ts');
    const [, options = ''] = /^const OPTIONS = \{([\s\S]*?)\n\} as const;/m.exec(source) ?? [];
    const inCode = [...options.matchAll(/^ +'?([\w-]+)'?: \{ type: '\w+'(?:, default: '?(\w+)'?)? \}/gm)];
    const known = inCode.map(([, name, value]) => `--${name} ${value}`).filter((line) => !line.startsWith('--help'));
    const words: Readonly<Record<string, string>> = { off: 'false', 'in memory': 'undefined' };
    expect(shown.map(([name = '', value = '']) => `${name.split(' ', 1)[0]} ${words[value] ?? value}`)).toEqual(known);
    expect(known).toHaveLength(6);
    expect(known.filter((line) => !source.includes(`  ${line.split(' ', 1)[0]} `))).toEqual([]);
  });

  it('ask takes the options of its page', () => {
    const named = first(rows(read('docs/pipelines.md').split('\n## ')[0] ?? '')).flatMap(optionsIn);
    expect(sorted([...named, '--help'])).toEqual(
      sorted(optionsIn(ASK_USAGE.replaceAll('mailscope doctor --help', ''))),
    );
    expect(named.length).toBeGreaterThan(5);
  });
});

function optionsIn(text: string): string[] {
  return text.match(/--[a-z]+/g) ?? [];
}

/** The exit codes in the first column of a table. */
function exitCodes(file: string): string[] {
  return rows(read(file).split('\n## ')[0] ?? '').flatMap(([code = '']) => code.match(/^\d+$/) ?? []);
}

/** The codes that the usage of a command lists at its end. */
function codesIn(usage: string): string[] {
  const [, sentence = ''] = /Exit code: ([\s\S]*)/.exec(usage) ?? [];
  return sentence.match(/\b\d(?= )/g) ?? [];
}

describe('exit codes', () => {
  it('of ask are those of its page', () => {
    const [, signals = ''] = /const SIGNALS = \[([\s\S]*?)\] as const/.exec(read('src/cli/runProcess.ts')) ?? [];
    expect(exitCodes('docs/pipelines.md')).toEqual([...codesIn(ASK_USAGE), ...(signals.match(/\d+/g) ?? [])]);
    expect(exitCodes('docs/pipelines.md')).toEqual(['0', '1', '2', '3', '130', '143']);
    expect(read('src/cli/askCommand.ts')).toContain('type ExitCode = 0 | 1 | 2 | 3;');
  });

  it('of the doctor are those of its page', async () => {
    let usage = '';
    const print = (text: string) => {
      usage += text;
    };
    // With --help it only prints.
    const screen = { print } as Screen;
    const noServices = () => {
      throw new Error('--help needs no services');
    };
    expect(await doctorCommand(['doctor', '--help'], {}, screen, noServices)).toBe(0);
    expect(exitCodes('docs/doctor.md')).toEqual(codesIn(usage));
    expect(exitCodes('docs/doctor.md')).toEqual(['0', '1', '2', '3']);
  });
});

describe('the API', () => {
  it('has the routes of the README', () => {
    const named = first(rows(part('README.md', '## The API')).map(([route = '']) => [route]));
    const inCode = EVERY_ROUTE.map(({ method, route }) => `${method} ${route}`);
    expect(sorted(named)).toEqual(sorted(inCode));
    expect(named).toHaveLength(inCode.length);
  });
});

describe('the page about verdicts', () => {
  it('names every verdict, and every kind of drift', () => {
    const page = read('docs/verdicts.md');
    expect(sorted(first(rows(page.split('\n## ')[0] ?? '')))).toEqual(sorted([...VERDICTS, ...CLOSED_BECAUSE]));
    for (const kind of DRIFT_KINDS) expect(page).toContain(`\`${kind}\``);
  });
});
