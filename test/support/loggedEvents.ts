// The events that the app logs, read from its source: each with the names of its data.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { ROOT } from './localApp.ts';

// biome-ignore lint/suspicious/noExplicitAny: a node of a syntax tree; its shape depends on its type
type Node = any;

/** The fields of an event; null when its data is no object literal in the same file. */
export type LoggedEvents = ReadonlyMap<string, ReadonlySet<string> | null>;

/** Every call of a log in src/: `log(level, 'event', data)`. A template such as `alert.${result}` is kept as it is. */
export function loggedEvents(): LoggedEvents {
  const events = new Map<string, Set<string> | null>();
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(ROOT, 'src', file), 'utf8');
    const { program } = parseSync(file, text);
    const objects = new Map<string, Node>();
    visit(program, (node) => {
      if (node.type === 'VariableDeclarator' && node.init?.type === 'ObjectExpression')
        objects.set(node.id.name, node.init);
    });
    visit(program, (node) => {
      if (node.type !== 'CallExpression' || !isLog(node.callee)) return;
      const event = eventOf(node.arguments[1], text);
      if (event === undefined) return;
      const fields = fieldsOf(node.arguments[2], objects);
      const known = events.get(event);
      events.set(event, fields && known ? new Set([...known, ...fields]) : fields);
    });
  }
  return events;
}

/** `log`, `services.log` and `createLog(context)`. */
function isLog(callee: Node): boolean {
  if (callee.type === 'Identifier') return callee.name === 'log';
  if (callee.type === 'MemberExpression') return callee.property.name === 'log';
  return callee.type === 'CallExpression' && callee.callee.name === 'createLog';
}

function eventOf(argument: Node, text: string): string | undefined {
  if (argument?.type === 'Literal' && typeof argument.value === 'string') return argument.value;
  return argument?.type === 'TemplateLiteral' ? text.slice(argument.start + 1, argument.end - 1) : undefined;
}

function fieldsOf(argument: Node, objects: ReadonlyMap<string, Node>): Set<string> | null {
  // Every line about the work of a scope names it.
  if (argument === undefined) return new Set(['scope']);
  const object = argument.type === 'Identifier' ? objects.get(argument.name) : argument;
  if (object?.type !== 'ObjectExpression') return null;
  return new Set(['scope', ...object.properties.map((property: Node) => property.key?.name).filter(Boolean)]);
}

function visit(node: Node, look: (node: Node) => void): void {
  if (Array.isArray(node)) for (const one of node) visit(one, look);
  else if (typeof node === 'object' && node !== null) {
    if (typeof node.type === 'string') look(node);
    for (const value of Object.values(node)) visit(value, look);
  }
}
