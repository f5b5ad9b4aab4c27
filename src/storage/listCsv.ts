// Reads MAILBOXES_FILE as a stream: CSV with the columns `mailbox` and `expectation`. Each fault names its line.
import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { EXPECTATIONS, type Expectation, parseMailbox } from '../rules/mailbox.ts';

export interface ReadList {
  readonly mailboxes: Map<string, Expectation>;
  /** The first twenty, one text each, and the number of the others. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 20;

/**
 * Reads a list: RFC 4180 with a header, quotes, CRLF and a byte order mark. A line that begins with `#` is a comment.
 * Elsewhere `#` is text, because a guest's name holds `#EXT#`.
 *
 * @param declared the mailboxes of the settings, which the file must not contradict
 */
export async function readListCsv(source: Readable, declared: ReadonlyMap<string, Expectation>): Promise<ReadList> {
  const mailboxes = new Map<string, Expectation>();
  const lines = new Map<string, number>();
  const faults = new Faults();
  let columns: Columns | null = null;
  const rows = source.pipe(parse(OPTIONS));
  // An error of the source must end the reading: with pipe alone it would wait for ever.
  source.once('error', (error) => rows.destroy(error));
  try {
    for await (const { record, info } of rows as AsyncIterable<CsvRow>) {
      if (columns === null) {
        columns = columnsOf(record);
        if (columns === null)
          return { mailboxes, faults: [`line ${info.lines} is not the header mailbox,expectation`] };
        continue;
      }
      const { mailbox, expectation, fault } = readRow(record, columns, lines, declared);
      if (fault !== null) faults.add(`line ${info.lines} ${fault}`);
      else {
        mailboxes.set(mailbox, expectation);
        lines.set(mailbox, info.lines);
      }
    }
  } catch (error) {
    if (!isCsvError(error)) throw error;
    faults.add(error.message);
    return { mailboxes, faults: faults.texts() };
  }
  if (columns === null) faults.add('it is empty. Its first line must be mailbox,expectation');
  return { mailboxes, faults: faults.texts() };
}

const OPTIONS = {
  bom: true,
  comment: '#',
  comment_no_infix: true,
  info: true,
  relax_column_count: true,
  skip_empty_lines: true,
  trim: true,
} as const;

interface CsvRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

interface Columns {
  readonly mailbox: number;
  readonly expectation: number;
}

type ReadRow =
  | { readonly mailbox: string; readonly expectation: Expectation; readonly fault: null }
  | { readonly mailbox: null; readonly expectation: null; readonly fault: string };

function columnsOf(header: readonly string[]): Columns | null {
  const names = header.map((name) => name.toLowerCase());
  const columns = { mailbox: names.indexOf('mailbox'), expectation: names.indexOf('expectation') };
  return columns.mailbox >= 0 && columns.expectation >= 0 ? columns : null;
}

function readRow(
  record: readonly string[],
  columns: Columns,
  lines: ReadonlyMap<string, number>,
  declared: ReadonlyMap<string, Expectation>,
): ReadRow {
  const name = record[columns.mailbox] ?? '';
  const word = record[columns.expectation] ?? '';
  const mailbox = parseMailbox(name);
  const expectation = EXPECTATIONS.find((one) => one === word.toLowerCase());
  if (mailbox === null) return faulty(`names "${shortened(name)}". Use a user principal name or a directory object id`);
  if (expectation === undefined) return faulty(`declares ${mailbox} "${shortened(word)}". Use allowed or denied`);
  const earlier = lines.get(mailbox);
  if (earlier !== undefined) return faulty(`names ${mailbox} again. Line ${earlier} already names it`);
  const contrary = declared.get(mailbox);
  if (contrary !== undefined && contrary !== expectation) {
    const setting = `${contrary.toUpperCase()}_MAILBOXES`;
    return faulty(`declares ${mailbox} ${expectation}, but ${setting} names it too. Remove one of them`);
  }
  return { mailbox, expectation, fault: null };
}

function faulty(fault: string): ReadRow {
  return { mailbox: null, expectation: null, fault };
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

class Faults {
  readonly #first: string[] = [];
  #more = 0;

  add(text: string): void {
    if (this.#first.length < MOST_FAULTS) this.#first.push(text);
    else this.#more += 1;
  }

  texts(): string[] {
    return this.#more === 0 ? this.#first : [...this.#first, `and ${this.#more} more`];
  }
}

/** csv-parse's errors name the line and what is wrong with its quotes. */
function isCsvError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}
