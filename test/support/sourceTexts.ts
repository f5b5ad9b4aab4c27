// The texts that the program can say: every string and template of the source, with `…` where a value stands.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { type Node, parseSync, Visitor } from 'oxc-parser';

const root = resolve(import.meta.dirname, '../..');
const HOMES = ['src', 'sandbox', 'localHost', 'scripts'];

export const PLACEHOLDER = '…';

export function sourceFiles(): string[] {
  return HOMES.flatMap((home) =>
    readdirSync(join(root, home), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules'))
      .map((file) => `${home}/${file.split(sep).join('/')}`),
  );
}

/** Strings, templates and sums of both. A comment is no text. */
export function textsOf(file: string): string[] {
  const { program, errors } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  if (errors.length > 0) throw new Error(`${file} cannot be parsed`);
  const texts: string[] = [];
  const keep = (node: Node) => texts.push(textOf(node));
  new Visitor({ Literal: keep, TemplateLiteral: keep, BinaryExpression: keep }).visit(program);
  return texts.filter((text) => /[a-z]{3}/i.test(text));
}

function textOf(node: Node): string {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : PLACEHOLDER;
  if (node.type === 'TemplateLiteral') {
    return node.quasis.map(({ value }) => value.cooked ?? '').join(PLACEHOLDER);
  }
  if (node.type === 'BinaryExpression' && node.operator === '+') return textOf(node.left) + textOf(node.right);
  return PLACEHOLDER;
}

/** Every name in a file: of settings, members and types. */
export function namesOf(file: string): string[] {
  const { program } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  const names: string[] = [];
  new Visitor({ Identifier: ({ name }) => names.push(name) }).visit(program);
  return names;
}

/** Whether one of the texts holds everything that stands between the placeholders of a quote, in that order. */
export function isSaid(quote: string, texts: readonly string[]): boolean {
  const pieces = quote.split(/…|\d+/).filter((piece) => /\w/.test(piece));
  if (!/[a-z]{3}/i.test(quote)) throw new Error(`"${quote}" is no quote`);
  return texts.some((text) => {
    let from = 0;
    return pieces.every((piece) => {
      const found = text.indexOf(piece.trim(), from);
      from = found + piece.trim().length;
      return found >= 0;
    });
  });
}
