// Reads MAILBOXES_FILE as a stream: CSV with the columns `mailbox` and `expectation`. Each fault names its line.
import { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { codePoint, firstInvisible, visible } from '../rules/characters.ts';
import { characterFault, EXPECTATIONS, type Expectation, parseMailbox, shownName } from '../rules/mailbox.ts';
import { readListText } from './listText.ts';

export interface ReadList {
  readonly mailboxes: Map<string, Expectation>;
  /** The first twenty, one text each, and the number of the others. */
  readonly faults: readonly string[];
}

const MOST_FAULTS = 20;
/** A row is shorter, unless a quote was never closed. */
const LONGEST_ROW = 64 * 1024;

/**
 * Reads a list: RFC 4180 with a header, quotes, CRLF and a byte order mark, and as spreadsheets write it: with semicolons
 * or tabs, a first line `sep=;`, and rows of nothing but separators. A line that begins with `#` is a comment. Elsewhere
 * `#` is text, because a guest's name holds `#EXT#`. A mailbox may stand in two lines that say the same.
 *
 * `source` is destroyed in the end, whatever happens. Its errors are thrown.
 *
 * @param declared the mailboxes of the settings, which the file must not contradict
 */
export async function readListCsv(source: Readable, declared: ReadonlyMap<string, Expectation>): Promise<ReadList> {
  const list = new List(declared);
  let rows: Readable | undefined;
  try {
    const { delimiter, chunks } = await readListText(source);
    rows = rowsOf(chunks, delimiter);
    for await (const row of rows as AsyncIterable<CsvRow>) if (!list.add(row)) break;
    return list.result();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    list.addBroken(error);
    return list.result();
  } finally {
    rows?.destroy();
    source.destroy();
  }
}

function rowsOf(chunks: AsyncIterable<string>, delimiter: string): Readable {
  const texts = Readable.from(withoutGaps(chunks));
  const rows = parse({ ...OPTIONS, delimiter });
  // An error of the source must end the reading: with pipe alone it would wait for ever.
  texts.once('error', (error) => rows.destroy(error));
  return texts.pipe(rows);
}

const OPTIONS = {
  comment: '#',
  comment_no_infix: true,
  info: true,
  max_record_size: LONGEST_ROW,
  relax_column_count: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
  trim: true,
} as const satisfies Options;

interface CsvRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

interface Columns {
  readonly mailbox: number;
  readonly expectation: number;
}

interface Listed {
  readonly expectation: Expectation;
  readonly line: number;
}

/** What was read so far. */
class List {
  readonly #declared: ReadonlyMap<string, Expectation>;
  readonly #listed = new Map<string, Listed>();
  readonly #faults: string[] = [];
  #more = 0;
  #columns: Columns | null = null;
  #lastLine = 0;

  constructor(declared: ReadonlyMap<string, Expectation>) {
    this.#declared = declared;
  }

  /** False when the rest says nothing, because the first row is not the header. */
  add({ record, info: { lines } }: CsvRow): boolean {
    this.#lastLine = lines;
    const cells = record.map(withGaps);
    if (this.#columns === null) {
      this.#columns = columnsOf(cells);
      if (this.#columns === null) this.#fault(`line ${lines} ${headerFault(cells)}`);
      return this.#columns !== null;
    }
    const fault = this.#addRow(cells, this.#columns, lines);
    if (fault !== null) this.#fault(`line ${lines} ${fault}`);
    return true;
  }

  /** A row that cannot be read: nothing behind it can be, either. */
  addBroken({ code, ...context }: CsvError): void {
    const line = Number((context as { readonly lines?: number }).lines ?? this.#lastLine + 1);
    // The parser notices a quote that never ends only at the end of the file.
    if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE') {
      this.#fault(`a quote after line ${this.#lastLine} never ends. Close it, or remove it`);
    } else {
      const advice = 'Put the whole field in quotes and write each quote inside twice, or remove the quotes';
      this.#fault(`line ${line} has a quote in the middle of a field. ${advice}`);
    }
  }

  result(): ReadList {
    if (this.#columns === null && this.#faults.length === 0)
      this.#fault('it is empty. Its first line must be mailbox,expectation');
    const mailboxes = new Map([...this.#listed].map(([mailbox, { expectation }]) => [mailbox, expectation]));
    return { mailboxes, faults: this.#more === 0 ? this.#faults : [...this.#faults, `and ${this.#more} more`] };
  }

  /** Takes a row into the list; null, or what is wrong with it. */
  #addRow(cells: readonly string[], columns: Columns, line: number): string | null {
    const name = cells[columns.mailbox] ?? '';
    const word = cells[columns.expectation] ?? '';
    const mailbox = parseMailbox(name);
    const expectation = EXPECTATIONS.find((one) => one === word.toLowerCase());
    if (mailbox === null) {
      const advice = characterFault(name) ?? 'Use a user principal name or a directory object id';
      return `names ${shownName(name)}. ${advice}`;
    }
    if (expectation === undefined) return `declares ${mailbox} ${shownName(word)}. Use allowed or denied`;
    const declares = `declares ${mailbox} ${expectation}`;
    const earlier = this.#listed.get(mailbox);
    if (earlier && earlier.expectation !== expectation) {
      return `${declares}, but line ${earlier.line} declares it ${earlier.expectation}. Remove one of them`;
    }
    const contrary = this.#declared.get(mailbox);
    if (contrary !== undefined && contrary !== expectation) {
      return `${declares}, but ${contrary.toUpperCase()}_MAILBOXES names it too. Remove one of them`;
    }
    if (!earlier) this.#listed.set(mailbox, { expectation, line });
    return null;
  }

  #fault(text: string): void {
    if (this.#faults.length < MOST_FAULTS) this.#faults.push(text);
    else this.#more += 1;
  }
}

// The parser takes away space at both ends of a field, also space that nobody sees. Such a character must be named, so it
// stands as one for private use while the parser works.
const GAP = /[\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF]/g;
const PRIVATE = 0xf0000;
const STAND_IN = /[\u{F00A0}\u{F1680}\u{F2000}-\u{F200A}\u{F2028}\u{F2029}\u{F202F}\u{F205F}\u{F3000}\u{FFEFF}]/gu;

async function* withoutGaps(chunks: AsyncIterable<string>): AsyncIterable<string> {
  for await (const chunk of chunks)
    yield chunk.replace(GAP, (gap) => String.fromCodePoint(PRIVATE + gap.charCodeAt(0)));
}

function withGaps(cell: string): string {
  return cell.replace(STAND_IN, (one) => String.fromCharCode((one.codePointAt(0) ?? 0) - PRIVATE));
}

function columnsOf(header: readonly string[]): Columns | null {
  const names = header.map((name) => name.toLowerCase());
  const columns = { mailbox: names.indexOf('mailbox'), expectation: names.indexOf('expectation') };
  return columns.mailbox >= 0 && columns.expectation >= 0 ? columns : null;
}

function headerFault(header: readonly string[]): string {
  const text = header.join(',');
  const invisible = firstInvisible(text);
  const seen =
    invisible === null ? '' : ` It holds ${codePoint(invisible)}, which nobody sees: "${visible(text).slice(0, 60)}".`;
  return `is not the header mailbox,expectation.${seen} Its columns may be separated by commas, semicolons or tabs`;
}
