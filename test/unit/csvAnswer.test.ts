// CSV: every parser reads it, and no spreadsheet computes it.
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as schemas from '../../src/api/answerSchemas.ts';
import { formatOf } from '../../src/http/accept.ts';
import { columnsOf, csvOf } from '../../src/http/csvAnswer.ts';

const COLUMNS = [
  { name: 'mailbox', path: ['mailbox'] },
  { name: 'openedRequestId', path: ['evidence', 'opened', 'requestId'] },
];

const names = (schema: Parameters<typeof columnsOf>[0]) => columnsOf(schema).map(({ name }) => name);

describe('the columns', () => {
  it('of drift hold the evidence', () => {
    expect(names(schemas.drift).slice(0, 12)).toEqual([
      ...['id', 'mailbox', 'kind', 'openedAt', 'openedRun', 'firstSight', 'closedAt', 'closedRun', 'closedBecause'],
      ...['recovered', 'openedRunId', 'openedCheckedAt'],
    ]);
    expect(names(schemas.drift)).toEqual(
      expect.arrayContaining(['openedRequestId', 'closedRequestId', 'closedCode', 'probableCause']),
    );
  });

  it('of a mailbox hold its open drift', () => {
    expect(names(schemas.mailbox)).toEqual(
      expect.arrayContaining(['mailbox', 'latestSubject', 'openDriftKind', 'openDriftOpenedRequestId']),
    );
  });

  it('of a run hold its counts', () => {
    expect(names(schemas.run)).toEqual(
      expect.arrayContaining([
        ...['outcomesReadable', 'verdictsCompliant', 'messageClassesApplicationAccessPolicy'],
        ...['byExpectationDeniedRefused', 'roles', 'problem'],
      ]),
    );
  });

  it.each([
    ['drift', schemas.drift],
    ['mailboxes', schemas.mailbox],
    ['runs', schemas.run],
    ['history', schemas.observation],
  ])('of %s have different names', (_, schema) => {
    expect(new Set(names(schema)).size).toBe(names(schema).length);
  });
});

describe('the text', () => {
  it('is UTF-8 with a byte order mark, a header line, CRLF, and quotes where needed', () => {
    const item = { mailbox: 'jörg@contoso.example', evidence: { opened: { requestId: 'a "b", c\r\nd' } } };
    expect(csvOf([item], COLUMNS)).toBe('\uFEFFmailbox,openedRequestId\r\njörg@contoso.example,"a ""b"", c\r\nd"\r\n');
  });

  it('has a header without rows too', () => {
    expect(csvOf([], COLUMNS)).toBe('\uFEFFmailbox,openedRequestId\r\n');
  });

  it('leaves a cell empty where a value, or what would hold it, is missing', () => {
    const items = [{ mailbox: null, evidence: {} }, { mailbox: 'a@contoso.example' }];
    expect(csvOf(items, COLUMNS)).toBe('\uFEFFmailbox,openedRequestId\r\n,\r\na@contoso.example,\r\n');
  });

  it.each([
    ['a\nb', '"a\nb"'],
    ['a\rb', '"a\rb"'],
    ['a\r\nb', '"a\r\nb"'],
  ])('quotes each kind of line break: %j', (mailbox, cell) => {
    expect(csvOf([{ mailbox }], COLUMNS)).toBe(`\uFEFFmailbox,openedRequestId\r\n${cell},\r\n`);
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t1', '\r1', '\n1', '＝1', '＋1', '－1', '＠1'])(
    'begins what would be a formula with an apostrophe: %j',
    (value) => {
      const [, row] = parse(csvOf([{ mailbox: value }], COLUMNS), { bom: true });
      expect(row).toEqual([`'${value}`, '']);
    },
  );

  it.each([
    ['hello;=cmd|1', "hello;'=cmd|1"],
    ['hello\t+1', "hello\t'+1"],
    ['a\n-1', "a\n'-1"],
    ['a\r@b', "a\r'@b"],
    ['a; "＝1;=2', `a; "'＝1;'=2`],
    ['\t=1', "'\t'=1"],
    [' "=1', ` "'=1`],
    ['a=1; b-2', 'a=1; b-2'],
  ])('leaves no formula for a spreadsheet that separates otherwise: %j', (value, safe) => {
    const [, row] = parse(csvOf([{ mailbox: value }], COLUMNS), { bom: true });
    expect(row).toEqual([safe, '']);
  });

  it.each([';', '\t'])('begins no cell with a formula if %j separates, whatever the text', (delimiter) => {
    const part = fc.constantFrom('=', '+', '-', '@', '＝', ';', '\t', '\r', '\n', '"', ' ', ',', 'a');
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (mailbox, requestId) => {
        const csv = csvOf([{ mailbox, evidence: { opened: { requestId } } }], COLUMNS);
        // Wherever a cell may begin, however the spreadsheet takes quotes that do not fit its separator.
        const rows: string[][] = parse(csv, {
          ...{ bom: true, delimiter, quote: false, relax_column_count: true },
          record_delimiter: ['\r\n', '\n', '\r'],
        });
        expect(rows.flat().filter((cell) => /^[ "]*[=+\-@＝＋－＠]/.test(cell))).toEqual([]);
      }),
    );
  });

  it('keeps numbers, also negative ones, and joins lists with a space', () => {
    expect(csvOf([{ mailbox: -1, evidence: { opened: { requestId: ['a', 'b'] } } }], COLUMNS)).toContain('\r\n-1,a b');
  });

  it('is what another parser reads, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const rows: string[][] = parse(
          csvOf(
            texts.map((mailbox) => ({ mailbox })),
            COLUMNS,
          ),
          { bom: true },
        );
        const bare = (text: string) => text.replaceAll("'", '');
        expect(rows.slice(1).map(([cell]) => bare(cell ?? ''))).toEqual(texts.map(bare));
      }),
    );
  });
});

describe('the format', () => {
  it.each([
    [null, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['text/csv', 'csv'],
    ['TEXT/CSV; charset=utf-8', 'csv'],
    ['text/*', 'csv'],
    ['application/json;q=0.4, text/csv;q=0.5', 'csv'],
    ['text/csv;q=0.4, application/json', 'json'],
    ['text/csv, */*;q=0.1', 'csv'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'json'],
    ['application/json;q=0, */*', 'csv'],
    ['application/json; q=0.4, text/csv ; q = 0.5', 'csv'],
    ['application/json;odata.metadata=none', 'json'],
    ['application/json;odata.metadata=minimal;IEEE754Compatible=true;q=0.1, text/csv;header=absent;q=0.2', 'csv'],
    ['application/json; profile="a, text/csv; \\"b"; charset=latin1', 'json'],
    ['text/csv;, application/json;q=0.9', 'csv'],
  ])('for Accept %j is %s', (accept, format) => {
    expect(formatOf(undefined, accept)).toBe(format);
  });

  it.each([
    'text/html',
    'application/xml, text/plain',
    'application/json;a=b;q=0',
    'text/csv;q=0',
    'nonsense',
    '*/*;q=0',
  ])('for Accept %j is refused, with what there is', (accept) => {
    expect(() => formatOf(undefined, accept)).toThrow(
      'This route answers application/json and text/csv. The header Accept takes neither.',
    );
  });

  it('that is asked for in the query wins', () => {
    expect(formatOf('csv', 'application/json')).toBe('csv');
    expect(formatOf('json', 'text/html')).toBe('json');
  });
});
