// MAILBOXES_FILE as a spreadsheet, an export or a person may write it.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Expectation } from '../../src/rules/mailbox.ts';
import { readListCsv } from '../../src/storage/listCsv.ts';

const read = (text: string | readonly string[], declared = new Map<string, Expectation>()) =>
  readListCsv(Readable.from(typeof text === 'string' ? [text] : text), declared);

const HEADER = 'mailbox,expectation\n';

describe('a list', () => {
  it.each([
    ['plain', 'mailbox,expectation\na@contoso.example,allowed\nb@contoso.example,denied\n'],
    [
      'with a byte order mark and CRLF',
      '\ufeffmailbox,expectation\r\na@contoso.example,allowed\r\nb@contoso.example,denied\r\n',
    ],
    [
      'with quotes and capitals',
      '"Mailbox","Expectation"\n"A@Contoso.example","Allowed"\n"b@contoso.example","denied"',
    ],
    [
      'with comments, spaces and empty lines',
      '# ours\n\nmailbox , expectation\n# those we read\n a@contoso.example , allowed\n\nb@contoso.example,denied\n\n',
    ],
    [
      'with other columns, in another order',
      'expectation,owner,mailbox\nallowed,"Smith, Pat",a@contoso.example\ndenied,,b@contoso.example\n',
    ],
    ['with semicolons', 'mailbox;expectation\r\na@contoso.example;allowed\r\nb@contoso.example;denied\r\n'],
    ['with tabs', 'mailbox\texpectation\na@contoso.example\tallowed\nb@contoso.example\tdenied\n'],
    [
      'with a first line that names the separator',
      '\ufeffsep=;\r\nmailbox;expectation\r\na@contoso.example;allowed\r\nb@contoso.example;denied',
    ],
    [
      'with any separator so named',
      '"sep=^"\nmailbox^expectation\na@contoso.example^allowed\nb@contoso.example^denied',
    ],
    [
      'with semicolons, and commas in another column',
      'owner;mailbox;expectation\nSmith, Pat;a@contoso.example;allowed\n"x;y";b@contoso.example;denied\n',
    ],
    [
      'with rows of nothing but separators',
      ',,\n" ",\nmailbox,expectation\n,\na@contoso.example,allowed\n , ,\nb@contoso.example,denied\n,\n,\n',
    ],
    [
      'with a mailbox that two lines declare alike',
      'mailbox,expectation\na@contoso.example,allowed\nA@contoso.example,Allowed\nb@contoso.example,denied\n',
    ],
    [
      'with spaces around quotes',
      'mailbox , "expectation"\n "a@contoso.example" , "allowed"\nb@contoso.example, denied\n',
    ],
    [
      'with spaces that nobody sees in another column',
      'mailbox,expectation,owner\na@contoso.example,allowed,Pat\u00a0Smith\nb@contoso.example,denied,\u200b\n',
    ],
    ['without a line end', 'mailbox,expectation\na@contoso.example,allowed\nb@contoso.example,denied'],
  ])('%s', async (_, text) => {
    const { mailboxes, faults } = await read(text);
    expect(faults).toEqual([]);
    expect([...mailboxes]).toEqual([
      ['a@contoso.example', 'allowed'],
      ['b@contoso.example', 'denied'],
    ]);
  });

  it('is read as a stream in pieces, and may hold guests', async () => {
    const name = 'pat_fabrikam.example#EXT#@contoso.example';
    const { mailboxes } = await read([
      'mailbox,expec',
      'tation\npat_fabrikam.exam',
      'ple#EXT#@contoso.example,den',
      'ied\n',
    ]);
    expect([...mailboxes]).toEqual([[name.toLowerCase(), 'denied']]);
  });

  it.each<[string, string, string]>([
    ['is empty', '', 'it is empty. Its first line must be mailbox,expectation'],
    [
      'has no header',
      'a@contoso.example,allowed\n',
      'line 1 is not the header mailbox,expectation. Its columns may be separated by commas, semicolons or tabs',
    ],
    [
      'hides a character in its header',
      '\u200bmailbox,expectation\na@contoso.example,allowed\n',
      'line 1 is not the header mailbox,expectation. It holds U+200B (zero width space), which nobody sees: "<U+200B>mailbox,expectation". Its columns may be separated by commas, semicolons or tabs',
    ],
    [
      'names no mailbox',
      `${HEADER}nobody,denied\n`,
      'line 2 names "nobody". Use a user principal name or a directory object id',
    ],
    [
      'declares neither',
      `${HEADER}a@contoso.example,maybe\n`,
      'line 2 declares a@contoso.example "maybe". Use allowed or denied',
    ],
    [
      'has a short line',
      `${HEADER}# c\na@contoso.example\n`,
      'line 3 declares a@contoso.example "". Use allowed or denied',
    ],
    [
      'contradicts itself',
      `${HEADER}a@contoso.example,allowed\nA@contoso.example,denied\n`,
      'line 3 declares a@contoso.example denied, but line 2 declares it allowed. Remove one of them',
    ],
    [
      'has lost a letter',
      `${HEADER}j?rgen@contoso.example,denied\n`,
      'line 2 names "j?rgen@contoso.example". It holds "?" (U+003F): an export has probably lost a letter. Export the list as UTF-8',
    ],
    [
      'has a quote in a field',
      `${HEADER}cch@contoso.example,denied\nb@contoso.example,Christina "Chris" H.,denied\n`,
      'line 3 has a quote in the middle of a field. Put the whole field in quotes and write each quote inside twice, or remove the quotes',
    ],
    [
      'has text behind a quoted field',
      `${HEADER}"b@contoso.example"x,denied\n`,
      'line 2 has a quote in the middle of a field. Put the whole field in quotes and write each quote inside twice, or remove the quotes',
    ],
    [
      'never closes a quote',
      `sep=,\n${HEADER}b@contoso.example,denied\n"a@contoso.example,allowed\nc@contoso.example,denied\n`,
      'a quote after line 3 never ends. Close it, or remove it',
    ],
    [
      'contradicts the settings',
      `${HEADER}cch@contoso.example,allowed\n`,
      'line 2 declares cch@contoso.example allowed, but DENIED_MAILBOXES names it too. Remove one of them',
    ],
  ])('that %s says so, and where', async (_, text, fault) => {
    const { faults } = await read(text, new Map([['cch@contoso.example', 'denied']]));
    expect(faults).toEqual([fault]);
  });

  it.each([
    ['\u200b', 'U+200B (zero width space)'],
    ['\u00a0', 'U+00A0 (no-break space)'],
    ['\ufeff', 'U+FEFF (byte order mark)'],
    ['\u00ad', 'U+00AD (soft hyphen)'],
    ['\u202e', 'U+202E (right-to-left override)'],
    ['\u200f', 'U+200F (right-to-left mark)'],
    ['\u2003', 'U+2003'],
    ['\u3164', 'U+3164'],
    ['\ufe0f', 'U+FE0F'],
    ['\u{e0061}', 'U+E0061'],
  ])('with %j before, in or behind a name names the line and the character', async (character, name) => {
    const code = name.split(' ', 1)[0];
    for (const [mailbox, shown] of [
      [`${character}cch@contoso.example`, `<${code}>cch@contoso.example`],
      [`cch${character}@contoso.example`, `cch<${code}>@contoso.example`],
      [`cch@contoso.example${character}`, `cch@contoso.example<${code}>`],
    ]) {
      const { faults } = await read(`${HEADER}a@contoso.example,allowed\n${mailbox},denied\n`);
      expect(faults).toEqual([
        `line 3 names "${shown}". It holds ${name}, which nobody sees. Type the name again, without it`,
      ]);
    }
  });

  it.each<[string, BufferEncoding | 'latin1', string]>([
    ['UTF-8 with a byte order mark', 'utf8', '\ufeff'],
    ['UTF-16, as spreadsheets write Unicode text', 'utf16le', '\ufeff'],
  ])('in %s is read, in pieces too', async (_, encoding, mark) => {
    const bytes = Buffer.from(`${mark}mailbox\texpectation\r\njürgen@contoso.example\tdenied\r\n`, encoding);
    const { mailboxes, faults } = await readListCsv(
      Readable.from([...bytes].map((byte) => Buffer.of(byte))),
      new Map(),
    );
    expect(faults).toEqual([]);
    expect([...mailboxes]).toEqual([['jürgen@contoso.example', 'denied']]);
  });

  it('in an encoding of one country says that a letter is lost', async () => {
    const source = Readable.from([Buffer.from(`${HEADER}jürgen@contoso.example,denied\n`, 'latin1')]);
    expect((await readListCsv(source, new Map())).faults).toEqual([
      'line 2 names "j\ufffdrgen@contoso.example". It holds U+FFFD (replacement character): an export has probably lost a letter. Export the list as UTF-8',
    ]);
  });

  it.each([
    ['a good list', `${HEADER}a@contoso.example,allowed\n`],
    ['no header', 'a,b\n'],
    ['a stray quote', `${HEADER}a"b,allowed\n`],
    ['nothing', ''],
  ])('with %s leaves no open file behind', async (_, text) => {
    // More than one read, so that a file would still be open.
    const source = Readable.from(Array.from({ length: 500 }, (_, index) => (index === 0 ? text : '# more\n')));
    await readListCsv(source, new Map());
    expect(source.destroyed).toBe(true);
  });

  it('names the first twenty faults and counts the others', async () => {
    const { faults } = await read(HEADER + 'x,denied\n'.repeat(50));
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe('and 30 more');
  });

  it('that ends with an error while it is read is not a list', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('the connection was cut'));
      },
    });
    await expect(readListCsv(broken, new Map())).rejects.toThrow('the connection was cut');
  });
});
