// Answers a page of a list as CSV (RFC 4180) that opens in a spreadsheet: UTF-8 with a byte order mark, and nothing in a
// cell that would be computed.
import type { HttpResponseInit } from '@azure/functions';
import { stringify } from 'csv-stringify/sync';
import type * as z from 'zod';
import { CSV_TYPE, type Route } from '../api/route.ts';
import { DEFAULT_SCOPE } from '../settings/scopes.ts';
import { answerOf } from './endpoint.ts';

export const CSV_CONTENT_TYPE = `${CSV_TYPE}; charset=utf-8; header=present`;

export function csvAnswer(
  route: Route,
  items: readonly unknown[],
  next: string | null,
  scope: string,
  mailbox: string | undefined,
): HttpResponseInit {
  const name = fileName(route.name, scope, mailbox);
  const headers = {
    'content-disposition': `attachment; filename="${name}"`,
    ...(next === null ? {} : { link: `<${next}>; rel="next"` }),
  };
  return answerOf(csvOf(items, columnsOf(itemOf(route.body))), CSV_CONTENT_TYPE, { status: 200, headers });
}

/** A column: its name, and the fields that lead to its value. */
export interface Column {
  readonly name: string;
  readonly path: readonly string[];
}

export function csvOf(items: readonly unknown[], columns: readonly Column[]): string {
  const rows = items.map((item) => columns.map(({ path }) => cell(path.reduce(fieldOf, item))));
  const options = { bom: true, record_delimiter: 'windows', quoted_match: LINE_BREAK } as const;
  return stringify([columns.map(({ name }) => name), ...rows], options);
}

/** The columns of a schema. Nested values are columns of their own: `evidence.opened.requestId` is `openedRequestId`. */
export function columnsOf(schema: z.ZodType, path: readonly string[] = []): Column[] {
  const { def } = bare(schema);
  if (def.type !== 'object') return [{ name: nameOf(path), path }];
  return Object.entries((def as z.core.$ZodObjectDef).shape)
    .filter(([field]) => path.length === 0 || field !== REPEATED)
    .flatMap(([field, inner]) => columnsOf(inner as z.ZodType, [...path, field]));
}

/** The row's own column has it already. */
const REPEATED = 'mailbox';
/** It only holds other fields, so its name says nothing. */
const SILENT = 'evidence';

function itemOf(body: z.ZodType): z.ZodType {
  const { shape } = body.def as unknown as z.core.$ZodObjectDef;
  return ((shape.value as z.ZodType).def as unknown as z.core.$ZodArrayDef).element as z.ZodType;
}

/** The schema without what says that its value may be missing. */
function bare(schema: z.ZodType): z.ZodType {
  const { type, innerType } = schema.def as z.core.$ZodTypeDef & { readonly innerType?: z.ZodType };
  return (type === 'optional' || type === 'nullable') && innerType ? bare(innerType) : schema;
}

function nameOf(path: readonly string[]): string {
  const words = path.filter((field) => field !== SILENT).flatMap((field) => field.split('-'));
  return words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}

function fieldOf(value: unknown, field: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null | undefined)?.[field];
}

/** The library quotes only the line break that ends a row, but many parsers end a row at either of these. */
const LINE_BREAK = /[\r\n]/;
/**
 * A spreadsheet computes a cell that begins so, also with the wide characters of Japanese keyboards. One that separates by
 * semicolon or tab begins cells in the middle of ours. Some drop spaces and quotes before they look.
 */
const FORMULA = /(^|[;\t\r\n])([ \u00A0"]*)(?=[=+\-@＝＋－＠])/g;
/** Some drop these too at the beginning of a cell. */
const DROPPED = /^[\t\r\n]/;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = Array.isArray(value) ? value.join(' ') : String(value);
  const safe = text.replace(FORMULA, "$1$2'");
  return DROPPED.test(safe) ? `'${safe}` : safe;
}

/** In ASCII, because other characters need another form of the header. */
function fileName(route: string, scope: string, mailbox: string | undefined): string {
  const what = { listMailboxes: 'mailboxes', listDrift: 'drift', listRuns: 'runs', mailboxHistory: 'history' }[route];
  const parts = ['mailscope', scope === DEFAULT_SCOPE ? '' : scope, what ?? route, mailbox ?? ''];
  const name = parts.filter((part) => part !== '').join('-');
  return `${name.replace(/[^\w.@-]/g, '_').slice(0, 120)}.csv`;
}
