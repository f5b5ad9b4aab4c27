// What one ask proves, how --wait repeats it, and how the report is written.
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import type { AskReport } from '../../src/ask/ask.ts';
import { askUntil, type Waiting } from '../../src/ask/askUntil.ts';
import { junit } from '../../src/cli/junit.ts';
import { judgeOnce } from '../../src/rules/judgeOnce.ts';
import { span } from '../../src/rules/span.ts';
import { observed, runAt } from '../support/rules.ts';

const run = runAt(1, 0);

function reportOf(letter: string): AskReport {
  const observation = observed(letter, run);
  const verdict = judgeOnce('denied', observation);
  const verdicts = { compliant: 0, breach: 0, lockout: 0, unverified: 0, [verdict]: 1 };
  const mailboxes = [{ ...observation, expectation: 'denied', verdict }] as const;
  return { askedAt: run.startedAt, noToken: null, roles: [], verdicts, mailboxes };
}

describe('one look at a mailbox', () => {
  it.each([
    ['denied', 'x', 'compliant'],
    ['denied', 'u', 'unverified'],
    ['denied', 'o', 'breach'],
    ['denied', '?', 'unverified'],
    ['allowed', 'o', 'compliant'],
    ['allowed', 'x', 'lockout'],
    ['allowed', 'u', 'lockout'],
    ['allowed', '?', 'unverified'],
  ] as const)('that is %s and shows %s proves: %s', (expectation, letter, verdict) => {
    expect(judgeOnce(expectation, observed(letter, run))).toBe(verdict);
  });
});

describe('waiting', () => {
  /** Asks under a clock that moves with each pause, and by `askMs` with each ask. */
  async function wait(letters: string, waitMs: number, askMs = 0) {
    let now = 0;
    let asks = 0;
    const pauses: Waiting<AskReport>[] = [];
    const ask = async () => {
      now += askMs;
      asks += 1;
      return reportOf(letters[Math.min(asks, letters.length) - 1] ?? '?');
    };
    const clock = {
      now: () => new Date(now),
      async sleep(ms: number) {
        now += ms;
      },
    };
    const isGood = ({ verdicts }: AskReport) => verdicts.compliant === 1;
    const report = await askUntil(ask, isGood, clock, waitMs, (waiting) => pauses.push(waiting));
    return { asks, now, pauses: pauses.map(({ pauseMs }) => pauseMs / 1000), verdicts: report.verdicts };
  }

  it('does not begin when all is as declared', async () => {
    expect(await wait('x', 60_000)).toMatchObject({ asks: 1, pauses: [], verdicts: { compliant: 1 } });
  });

  it('for 0 ms asks once', async () => {
    expect(await wait('o', 0)).toMatchObject({ asks: 1, pauses: [], verdicts: { breach: 1 } });
  });

  it('ends with the first ask that finds all as declared', async () => {
    expect(await wait('o?ux', 3_600_000)).toMatchObject({ asks: 4, pauses: [2, 4, 8], verdicts: { compliant: 1 } });
  });

  it('pauses longer each time, up to ten minutes, and asks once more when the time is up', async () => {
    const { pauses, now, verdicts } = await wait('o', 3_600_000);
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600, 178]);
    expect(now).toBe(3_600_000);
    expect(verdicts).toMatchObject({ breach: 1 });
  });

  it('includes the time of the asks', async () => {
    expect(await wait('o', 10_000, 7_000)).toMatchObject({ asks: 2, pauses: [2], now: 16_000 });
  });
});

describe('JUnit XML', () => {
  it('is valid with any text from Graph and any name', () => {
    const report = reportOf('o');
    const name = `o'brien&"<>@contoso.example`;
    const mailboxes = report.mailboxes.map((one) => ({ ...one, mailbox: name, code: '<a>&\u{1}\u{D800}]]>' }));
    const xml = junit([{ scope: 'default', report: { ...report, mailboxes } }]);
    expect(XMLValidator.validate(xml)).toBe(true);
    const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(xml);
    const { testcase } = testsuites.testsuite;
    expect(testcase.name).toBe(name);
    expect(testcase.failure['#text']).toContain('code: <a>&\u{FFFD}\u{FFFD}]]>');
  });
});

describe('a span of time', () => {
  it.each([
    [400, '1 s'],
    [90_000, '90 s'],
    [150_000, '3 min'],
    [3_600_000, '1 h'],
    [6_900_000, '1 h 55 min'],
  ])('of %i ms is %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });
});
