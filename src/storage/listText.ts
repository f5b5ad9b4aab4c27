// Decodes MAILBOXES_FILE and finds out what separates its columns.
import type { Readable } from 'node:stream';

export interface ListText {
  /** `,` unless the header or a line `sep=…` before it says otherwise. */
  readonly delimiter: string;
  /** All of the text. A line `sep=…` is left empty, so that the numbers of lines stay right. */
  readonly chunks: AsyncIterable<string>;
}

type Decoder = InstanceType<typeof TextDecoder>;

const COLUMN = /^(mailbox|expectation)$/i;
const DELIMITERS = [',', ';', '\t', '|'];
/** A header is shorter. */
const LONGEST_HEAD = 64 * 1024;

/**
 * UTF-8, or UTF-16 with a byte order mark, as spreadsheets write "Unicode text". A byte that is no UTF-8 becomes U+FFFD.
 * Reads no more of `source` than its head before the caller asks for the chunks.
 */
export async function readListText(source: Readable): Promise<ListText> {
  const texts = decodedChunks(source);
  let head = '';
  let isWhole = false;
  while (!isWhole && headerOf(head) === null && head.length < LONGEST_HEAD) {
    const { value = '', done } = await texts.next();
    head += value;
    isWhole = done === true;
  }
  const separator = /^"?sep=([^"\r\n])"?(?=\r|\n|$)/i.exec(head);
  const rest = separator ? head.slice(separator[0].length) : head;
  return { delimiter: separator?.[1] ?? delimiterOf(headerOf(`${head}\n`) ?? ''), chunks: joined(rest, texts) };
}

async function* joined(head: string, rest: AsyncIterable<string>): AsyncIterable<string> {
  yield head;
  yield* rest;
}

async function* decodedChunks(source: Readable): AsyncGenerator<string, undefined> {
  let decoder: Decoder | undefined;
  let first = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk as Buffer | string);
    if (decoder) yield decoder.decode(bytes, { stream: true });
    else {
      first = Buffer.concat([first, bytes]);
      if (first.length < 2) continue;
      decoder = decoderFor(first);
      yield decoder.decode(first, { stream: true });
    }
  }
  yield decoder ? decoder.decode() : decoderFor(first).decode(first);
  return undefined;
}

/** A decoder takes its byte order mark away. */
function decoderFor([first, second]: Buffer): Decoder {
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le');
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be');
  return new TextDecoder('utf-8');
}

/** The first whole line that is neither empty, nor a comment, nor `sep=…`; null when there is none yet. */
function headerOf(text: string): string | null {
  const lines = text.split(/\r\n|\r|\n/).slice(0, -1);
  return lines.find((line) => !/^[\s",;|]*$|^#|^"?sep=/i.test(line)) ?? null;
}

/** What separates the names of both columns. */
function delimiterOf(header: string): string {
  const names = (delimiter: string) =>
    header.split(delimiter).filter((cell) => COLUMN.test(cell.replaceAll('"', '').trim()));
  return DELIMITERS.find((delimiter) => names(delimiter).length >= 2) ?? ',';
}
