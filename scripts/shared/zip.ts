// Writes a zip file that depends on nothing but its entries: no clock, no order of a folder, no mode of a file.
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  /** With `/` between its parts, in ASCII. */
  readonly name: string;
  readonly content: Uint8Array;
}

// "APPNOTE.TXT - .ZIP File Format Specification", 4.3.7, 4.3.12 and 4.3.16.
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_CENTRAL = 0x06054b50;
const DEFLATE = 8;
const VERSION_NEEDED = 20;
/** The upper byte says Unix, so that the mode below counts. */
const MADE_BY = (3 << 8) | VERSION_NEEDED;
/** A plain file, readable by all. */
const UNIX_MODE = 0o100644;
/** 1 January 1980, the first day that the format knows. */
const FIRST_DAY = (1 << 5) | 1;
const MIDNIGHT = 0;

/** The bytes of a zip file. The entries are sorted by name. */
export function zip(entries: readonly ZipEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of sorted) {
    const name = asciiName(entry.name);
    const packed = deflateRawSync(entry.content, { level: 9 });
    const facts = factsOf(entry.content, packed, name);
    files.push(fields([LOCAL_HEADER, 4], ...facts, [0, 2]), name, packed);
    directory.push(
      fields(
        [CENTRAL_HEADER, 4],
        [MADE_BY, 2],
        ...facts,
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [UNIX_MODE * 0x10000, 4],
        [offset, 4],
      ),
      name,
    );
    offset += 30 + name.length + packed.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = sorted.length;
  const end = fields([END_OF_CENTRAL, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2]);
  return Buffer.concat([...files, ...directory, end]);
}

type NumberField = readonly [value: number, bytes: 2 | 4];

/** What both headers of an entry say, from the version to the length of the name. */
function factsOf(content: Uint8Array, packed: Uint8Array, name: Uint8Array): readonly NumberField[] {
  return [
    [VERSION_NEEDED, 2],
    [0, 2],
    [DEFLATE, 2],
    [MIDNIGHT, 2],
    [FIRST_DAY, 2],
    [crc32(content), 4],
    [packed.length, 4],
    [content.length, 4],
    [name.length, 2],
  ];
}

/** Numbers in little-endian order. */
function fields(...all: readonly NumberField[]): Uint8Array {
  const bytes = Buffer.alloc(all.reduce((sum, [, length]) => sum + length, 0));
  let at = 0;
  for (const [value, length] of all) at = bytes.writeUIntLE(value, at, length);
  return bytes;
}

function asciiName(name: string): Uint8Array {
  if (/^[\x21-\x7e]+$/.test(name) && !name.startsWith('/') && !name.includes('\\')) return Buffer.from(name, 'ascii');
  throw new Error(`The name "${name}" cannot be in the package. Use ASCII letters and "/".`);
}
