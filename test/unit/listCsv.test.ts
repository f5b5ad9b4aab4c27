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
    ['has no header', 'a@contoso.example,allowed\n', 'line 1 is not the header mailbox,expectation'],
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
      'names one twice',
      `${HEADER}a@contoso.example,allowed\nA@contoso.example,allowed\n`,
      'line 3 names a@contoso.example again. Line 2 already names it',
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

  it('with a quote that never ends is a fault', async () => {
    const { faults } = await read(`${HEADER}"a@contoso.example,allowed\n`);
    expect(faults).toEqual([expect.stringMatching(/quote/i)]);
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
