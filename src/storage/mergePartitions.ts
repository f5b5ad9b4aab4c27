// Merges sorted streams of rows, so that sixteen partitions read like one list.
import { MailscopeError } from '../errors.ts';
import { afterPrefix, PARTITIONS } from './keys.ts';
import { and, between, following } from './rows.ts';
import type { Row, Table } from './tables.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `after` to get the next page; null at the end. */
  readonly continuation: string | null;
}

export interface PageQuestion {
  /** The prefix of the row keys. */
  readonly prefix: string;
  /** OData conditions that must all hold. Empty ones are ignored. */
  readonly conditions: readonly string[];
  readonly top: number;
  /** The continuation of the page before; empty for the first page. */
  readonly after: string;
}

/** One page of rows from all partitions, by row key. */
export async function mergedPage<T>(source: Table, question: PageQuestion, read: (row: Row) => T): Promise<Page<T>> {
  const { prefix, conditions, top, after } = question;
  checkAfter(prefix, after);
  const pageSize = Math.min(1_000, Math.ceil((top + 1) / 8));
  const high = afterPrefix(prefix);
  const rowsOf = (partition: string) => {
    const rest = after === '' ? between(partition, prefix, high) : following(partition, after, high);
    return source.list(and(rest, ...conditions), { pageSize });
  };
  // One extra row shows whether there is another page.
  const rows = await mergeRows(PARTITIONS.map(rowsOf), top + 1);
  const items = rows.slice(0, top);
  return { items: items.map(read), continuation: rows.length > top ? (items.at(-1)?.rowKey ?? null) : null };
}

/** @throws MailscopeError `parameter-invalid` */
export function checkAfter(prefix: string, after: string): void {
  if (after !== '' && !after.startsWith(prefix)) refuseAfter();
}

/** @throws MailscopeError `parameter-invalid` */
export function refuseAfter(): never {
  throw new MailscopeError('parameter-invalid', 'The query parameter after is from another list. Use its nextLink.');
}

/** The first `count` rows of all `sources` by row key. Each source is read only as far as needed. */
async function mergeRows(sources: readonly AsyncIterable<readonly Row[]>[], count: number): Promise<Row[]> {
  const cursors = await Promise.all(sources.map((source) => openCursor(source)));
  const merged: Row[] = [];
  try {
    while (merged.length < count) {
      const ahead = cursors.filter((cursor) => cursor.head !== undefined);
      const [first, ...others] = ahead;
      if (!first) break;
      const smallest = others.reduce((a, b) => (keyOf(b) < keyOf(a) ? b : a), first);
      merged.push(smallest.head as Row);
      await smallest.advance();
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
  return merged;
}

interface Cursor {
  readonly head: Row | undefined;
  advance(): Promise<void>;
  close(): Promise<void>;
}

async function openCursor(source: AsyncIterable<readonly Row[]>): Promise<Cursor> {
  const pages = source[Symbol.asyncIterator]();
  let page: readonly Row[] = [];
  let index = -1;
  const cursor = {
    get head() {
      return page[index];
    },
    async advance() {
      index += 1;
      // A page may be empty although more pages follow.
      while (index >= page.length) {
        const next = await pages.next();
        page = next.done ? [] : next.value;
        index = 0;
        if (next.done) return;
      }
    },
    async close() {
      await pages.return?.();
    },
  };
  await cursor.advance();
  return cursor;
}

function keyOf({ head }: Cursor): string {
  return head?.rowKey ?? '';
}
