// Text that others wrote, as a terminal and the log of a pipeline show it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tell } from '../../scripts/stack/logSentences.ts';
import type { Asked, AskReport } from '../../src/ask/ask.ts';
import { doctorTable } from '../../src/cli/doctorTable.ts';
import { table } from '../../src/cli/reportTable.ts';
import { createScreen, type Output } from '../../src/cli/screen.ts';
import { cut, printable, printableJson, printableLines } from '../../src/printable.ts';
import { observed, runAt } from '../support/rules.ts';

/** What neither a terminal nor a pipeline may get from others. */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|##\[|##vso\[|^\s*::/u;

describe('foreign text', () => {
  it.each([
    ['a line break', 'Error\n::error::forged', 'Error ::error::forged'],
    ['a Windows line break', 'a\r\nb', 'a b'],
    ['other line ends', 'a\u0085b\u2028c\u2029d', 'a b c d'],
    ['an escape sequence', '\u001b[2J\u001b[31mred', '\ufffd[2J\ufffd[31mred'],
    ['a C1 control', '\u009b31mred', '\ufffd31mred'],
    ['a bidi control', 'gpj.\u202eexe', 'gpj.\ufffdexe'],
    ['an invisible character', 'sup\u200bport', 'sup\ufffdport'],
    ['half a character', 'a\ud83d', 'a\ufffd'],
    ['a command of GitHub Actions', '::error file=a::x', ': :error file=a::x'],
    ['the same after spaces', '  ::add-mask::x', '  : :add-mask::x'],
    ['an old command of GitHub Actions', 'x ##[add-matcher]y', 'x # #[add-matcher]y'],
    ['a command of Azure Pipelines', 'x ##vso[task.setvariable variable=a]b', 'x # #vso[task.setvariable variable=a]b'],
    ['an address', 'connect ECONNREFUSED ::1:443', 'connect ECONNREFUSED ::1:443'],
    ['letters of any language', 'jürgen 会社 😀', 'jürgen 会社 😀'],
  ])('%s is one printable line', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('is bounded, and no character is cut in half', () => {
    expect(printable('x'.repeat(70_000), 10)).toBe('xxxxxxxxx…');
    expect(cut('😀'.repeat(11), 10)).toBe(`${'😀'.repeat(9)}…`);
    expect(cut('😀'.repeat(10), 10)).toBe('😀'.repeat(10));
  });

  it('is never dangerous, whatever it is', () => {
    const pieces = fc.constantFrom(
      '::',
      '#',
      '[',
      'vso[',
      '\n',
      '\u001b',
      '\u202e',
      ' ',
      'a',
      '\ud83d',
      '\u2028',
      '😀',
    );
    const text = fc.array(pieces, { maxLength: 20 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), (one, most) => {
        expect(printable(one, most)).not.toMatch(DANGEROUS);
        expect([...printable(one, most)].length).toBeLessThanOrEqual(most);
        for (const line of printableLines(one).split('\n')) expect(line).not.toMatch(DANGEROUS);
        for (const line of printableJson({ [one]: one }).split('\n')) expect(line).not.toMatch(DANGEROUS);
        expect(JSON.parse(printableJson({ [one]: one }))).toEqual({ [one]: one });
      }),
    );
  });
});

const FORGED = '403\nceo@contoso.example  denied  refused  as declared\n::error::\u001b[2J##vso[x]';

describe('a table', () => {
  it('has one line for each mailbox, whatever Graph answers', () => {
    const asked: Asked = {
      ...observed('o', runAt(1, 0)),
      mailbox: '::warning@contoso.example',
      code: FORGED,
      requestId: FORGED.repeat(2_000),
      expectation: 'denied',
      verdict: 'breach',
    };
    const verdicts = { compliant: 0, breach: 1, lockout: 0, unverified: 0 };
    const report: AskReport = { askedAt: '', noToken: null, roles: [], verdicts, mailboxes: [asked] };
    const lines = table(report).split('\n');
    expect(lines).toEqual([expect.any(String), expect.any(String), '', '1 breach.', '']);
    expect(lines[1]?.split(/ {2,}/)).toHaveLength(6);
    for (const line of lines) {
      expect(line).not.toMatch(DANGEROUS);
      expect(line.length).toBeLessThan(300);
    }
  });

  it('of the doctor has one line for each finding and its advice', () => {
    const finding = { result: 'problem', says: FORGED, advice: FORGED } as const;
    const lines = doctorTable({
      checkedAt: '',
      result: 'unhealthy',
      checks: [{ name: 'Graph', result: 'problem', findings: [finding] }],
    }).split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line).not.toMatch(DANGEROUS);
  });
});

it('a sentence about a log line is one line', () => {
  const data = { event: 'drift.opened', kind: 'breach', mailbox: FORGED };
  for (const line of [`[pollShard] ${JSON.stringify(data)}`, `[x] {${FORGED}}`, FORGED]) {
    expect(tell(line)).not.toMatch(DANGEROUS);
  }
  expect(tell('[pollShard] {"event":"alert.accepted","scope":"crm","id":"x"}', true)).toBe(
    'crm: Alert x was accepted.',
  );
  expect(tell('[pollShard] {"event":"alert.accepted","scope":"crm","id":"x"}')).toBe('Alert x was accepted.');
  expect(tell('[pollShard] {"event":"other","scope":"crm"}', true)).toBe('[pollShard] {"event":"other","scope":"crm"}');
  expect(tell('[pollShard] {no JSON}')).toBe('[pollShard] {no JSON}');
});

it('the screen lets no control character through, in whatever it is given', () => {
  let written = '';
  const output: Output = {
    write(text) {
      written += text;
    },
  };
  const screen = createScreen(output, output);
  screen.print('a\u001b[2J\n');
  screen.say('##vso[x]\nb\u202e');
  screen.progress('::error::c');
  expect(written).toBe('a\ufffd[2J\n# #vso[x]\nb\ufffd\n: :error::c\n');
});
