// Turns objects into table rows and back. A column is a text, a number or a boolean; null has no column.
import type { TableEntity } from '@azure/data-tables';
import PQueue from 'p-queue';
import type { Position } from './keys.ts';
import type { Row, Table } from './tables.ts';

/** How each field is stored: as its value, or as JSON text. */
export type Columns<T> = Readonly<Record<keyof T, 'value' | 'json'>>;

export function toRow<T extends object>({ partition, row }: Position, thing: T, columns: Columns<T>): TableEntity {
  const entity: TableEntity = { partitionKey: partition, rowKey: row };
  for (const [name, kind] of Object.entries(columns)) {
    const value = thing[name as keyof T];
    if (value !== null && value !== undefined) entity[name] = kind === 'json' ? JSON.stringify(value) : value;
  }
  return entity;
}

/** The object in a row that `toRow` wrote. An absent column becomes null. */
export function fromRow<T extends object>(row: Row, columns: Columns<T>): T {
  const entries = Object.entries(columns).map(([name, kind]) => {
    const value = row[name] ?? null;
    return [name, kind === 'json' && typeof value === 'string' ? JSON.parse(value) : value];
  });
  return Object.fromEntries(entries) as T;
}

/** A text, quoted for an OData filter. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Rows of one partition from `low`, inclusive, to `high`, exclusive. */
export function between(partition: string, low: string, high: string): string {
  return `PartitionKey eq ${quoted(partition)} and RowKey ge ${quoted(low)} and RowKey lt ${quoted(high)}`;
}

/** Rows of one partition that come after `row`, up to `high`, exclusive. */
export function following(partition: string, row: string, high: string): string {
  return `PartitionKey eq ${quoted(partition)} and RowKey gt ${quoted(row)} and RowKey lt ${quoted(high)}`;
}

/** An OData condition for each field of a filter: a filter that gains a field asks for one here. */
export type Conditions<Filter> = { readonly [Name in keyof Filter]-?: (value: NonNullable<Filter[Name]>) => string };

/** The conditions for the fields that a filter sets. */
export function conditionsOf<Filter extends object>(filter: Filter, conditions: Conditions<Filter>): string[] {
  // Object.keys forgets that these are the filter's own names.
  return (Object.keys(conditions) as (keyof Filter)[]).flatMap((name) => {
    const value = filter[name];
    return value === undefined || value === null ? [] : [conditions[name](value)];
  });
}

/** `filter` and all conditions that are not empty. */
export function and(filter: string, ...conditions: readonly string[]): string {
  return [filter, ...conditions.filter((one) => one !== '').map((one) => `(${one})`)].join(' and ');
}

export interface CollectOptions {
  /** At most this many rows. */
  readonly most?: number;
  /** Only these columns. */
  readonly select?: readonly string[];
}

/** All rows that fit a filter. */
export async function collect(table: Table, filter: string, options: CollectOptions = {}): Promise<Row[]> {
  const { most = Number.POSITIVE_INFINITY, select } = options;
  const rows: Row[] = [];
  for await (const page of table.list(filter, { pageSize: Math.min(1_000, most), ...(select ? { select } : {}) })) {
    rows.push(...page);
    if (rows.length >= most) break;
  }
  return rows.slice(0, most);
}

/** A read of real storage takes a few milliseconds. More at a time would need more connections. */
const READS_IN_FLIGHT = 16;

/** The rows at these positions, each read by its key, in their order. Null where there is none. */
export async function getEach(table: Table, positions: readonly Position[]): Promise<(Row | null)[]> {
  const reads = new PQueue({ concurrency: READS_IN_FLIGHT });
  return reads.addAll(
    positions.map(
      ({ partition, row }) =>
        () =>
          table.get(partition, row),
    ),
  );
}
