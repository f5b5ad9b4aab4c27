// Several sorted streams of rows as one, so that sixteen partitions read like a list.
import type { Row } from './tables.ts';

/** The first `count` rows of all `sources` by row key. Each source is read only as far as it takes, side by side with the others. */
export async function mergeRows(sources: readonly AsyncIterable<readonly Row[]>[], count: number): Promise<Row[]> {
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
      // A page may be empty while there are more.
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
