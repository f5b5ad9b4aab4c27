// Makes the part of docs/api.md that follows from the description of the API, with an example for each route.
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { GAUGES, type Gauge } from '../../src/api/gauges.ts';
import type { Parameter } from '../../src/api/parameters.ts';
import { PROBLEMS } from '../../src/api/problemCodes.ts';
import { parametersOf, ROLES, type Route } from '../../src/api/route.ts';

/** A request and its answer, as a test got it. */
export interface ApiExample {
  readonly method: string;
  /** Below `/api`. */
  readonly path: string;
  readonly status: number;
  readonly type: string;
  /** The headers that the route is described with: `Name: value`. */
  readonly headers: readonly string[];
  readonly body: string;
}

const BEGIN = '<!-- From here on `npm run api` writes this page. -->';
const LONGEST_LINE = 118;
/** Every list has them, so the page explains them once. */
const OF_LISTS = ['top', 'maxpagesize', 'after', 'format'];

/** The page with everything after the mark replaced. */
export function apiPage(page: string, examples: Readonly<Record<string, ApiExample>>): string {
  const [head = ''] = page.split(BEGIN);
  const sections = EVERY_ROUTE.map((route) => sectionOf(route, examples[route.name]));
  return `${head}${BEGIN}\n\n${[...sections, gaugesSection()].join('\n')}`;
}

function sectionOf(route: Route, example: ApiExample | undefined): string {
  if (example === undefined) throw new Error(`test/fixtures/apiExamples.json has no example of ${route.name}`);
  const { access, method, summary, description, head } = route;
  const who = access === 'open' ? 'Anybody may call it.' : `It needs a key, or the role \`${ROLES[access]}\`.`;
  const bare = method === 'GET' && !head ? ' `HEAD` does not work.' : '';
  const about = wrapped(`${summary}. ${description === undefined ? '' : `${description} `}${who}${bare}`);
  const parts = [`## \`${method} ${route.route}\``, about, ...parametersTable(route), ...codesLine(route)];
  return `${[...parts, ...exampleOf(example)].join('\n\n')}\n`;
}

function parametersTable(route: Route): string[] {
  const own = Object.entries<Parameter<unknown>>(parametersOf(route)).filter(([name]) => !OF_LISTS.includes(name));
  if (own.length === 0) return [];
  return [
    table(
      ['parameter', 'meaning'],
      own.map(([name, { description }]) => [`\`${name}\``, description]),
    ),
  ];
}

function codesLine({ codes, statuses }: Route): string[] {
  if (codes.length === 0) return [];
  const named = codes.map((code) => `\`${code}\` (${statuses?.[code] ?? PROBLEMS[code].status})`);
  return [wrapped(`Its own codes: ${named.join(', ')}.`)];
}

function exampleOf({ method, path, status, type, headers, body }: ApiExample): string[] {
  const option = method === 'GET' ? '' : `-X ${method} `;
  const language = type.endsWith('json') ? 'json' : 'text';
  const shown = headers.map((line) => `\`${line}\``);
  const with_ = shown.length === 0 ? '' : ` with:\n\n${shown.map((line) => `- ${line}`).join('\n')}`;
  return [
    fenced('sh', `curl ${option}"http://127.0.0.1:7071/api/${path}"`),
    `The answer is ${status} \`${type}\`${with_ || '.'}`,
    fenced(language, body.replace('\uFEFF', '').trimEnd().replaceAll('\r\n', '\n')),
  ];
}

function gaugesSection(): string {
  const rows = Object.values<Gauge>(GAUGES).map(({ name, labels, help }) => [
    `\`${name}\``,
    ['scope', ...labels].map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return `## Gauges\n\n${table(['gauge', 'labels', 'meaning'], rows)}\n`;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** A table whose columns are as wide as their longest cell, as the formatter leaves it. */
function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [names, ...rows];
  const widths = names.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(names), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LONGEST_LINE) lines.push(`${lines.pop()} ${word}`);
    else lines.push(word);
  }
  return lines.join('\n');
}
