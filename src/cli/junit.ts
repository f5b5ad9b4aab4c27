// A report as JUnit XML for CI systems: one test suite for each scope, one test case for each mailbox.
//
// A breach or a lockout is a failure. A mailbox without proof is an error, because most systems show a skipped case as
// green.
import type { Asked } from '../ask/ask.ts';
import type { ScopeAsked } from '../ask/askScopes.ts';
import type { MailscopeError } from '../errors.ts';
import { faultsOf, whyNotAsked } from './askReport.ts';
import { meaning } from './reportWords.ts';

interface Suite {
  readonly name: string;
  /** ISO 8601 UTC; null when it was not asked. */
  readonly askedAt: string | null;
  readonly counts: Counts;
  readonly cases: readonly string[];
}

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly seconds: number;
}

/** With a single scope the names do not have it. */
export function junit(asked: readonly ScopeAsked[]): string {
  const suites = asked.map((one) => suiteOf(one, asked.length > 1 ? `mailscope.${one.scope}` : 'mailscope'));
  const sum = (count: keyof Counts) => suites.reduce((all, { counts }) => all + counts[count], 0);
  const totals = { tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), seconds: sum('seconds') };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'mailscope', ...written(totals) })}>`,
    ...suites.flatMap(linesOf),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteOf(one: ScopeAsked, name: string): Suite {
  if ('failure' in one) {
    const counts = { tests: 1, failures: 0, errors: 1, seconds: 0 };
    return { name, askedAt: null, counts, cases: [notAsked(name, one.failure)] };
  }
  const { askedAt, mailboxes, verdicts } = one.report;
  const counts = {
    tests: mailboxes.length,
    failures: verdicts.breach + verdicts.lockout,
    errors: verdicts.unverified,
    seconds: mailboxes.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
  };
  return { name, askedAt, counts, cases: mailboxes.map((asked) => testCase(name, asked)) };
}

function linesOf({ name, askedAt, counts, cases }: Suite): string[] {
  const { time, ...numbers } = written(counts);
  // The format has no time zone. These times are UTC.
  const timestamp = askedAt === null ? {} : { timestamp: askedAt.slice(0, 19) };
  const start = attributes({ name, ...numbers, skipped: 0, time, ...timestamp });
  return [`  <testsuite${start}>`, ...cases, '  </testsuite>'];
}

function written({ seconds, ...counts }: Counts) {
  return { ...counts, time: seconds.toFixed(3) };
}

function testCase(suite: string, asked: Asked): string {
  const { mailbox, expectation, verdict, durationMs } = asked;
  const time = (durationMs / 1000).toFixed(3);
  const start = `    <testcase${attributes({ classname: `${suite}.${expectation}`, name: mailbox, time })}`;
  if (verdict === 'compliant') return `${start}/>`;
  const kind = verdict === 'unverified' ? 'error' : 'failure';
  const type = verdict === 'unverified' ? (asked.reason ?? 'control-not-held') : verdict;
  return withProblem(start, kind, { type, message: meaning(asked) }, evidence(asked));
}

function notAsked(suite: string, failure: MailscopeError): string {
  const start = `    <testcase${attributes({ classname: suite, name: 'settings', time: '0.000' })}`;
  const message = `not asked: ${whyNotAsked(failure)}`;
  return withProblem(start, 'error', { type: failure.code, message }, faultsOf(failure).join('\n'));
}

function withProblem(start: string, kind: 'error' | 'failure', named: Record<string, string>, text: string): string {
  return `${start}>\n      <${kind}${attributes(named)}>${escaped(text)}</${kind}>\n    </testcase>`;
}

function evidence({ outcome, status, code, requestId, batchRequestId, clientRequestId, checkedAt }: Asked): string {
  const facts = { outcome, status, code, requestId, batchRequestId, clientRequestId, checkedAt };
  return Object.entries(facts)
    .flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
    .join('\n');
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes text for XML. It also replaces characters that XML 1.0 cannot hold, not even as an entity. */
function escaped(text: string): string {
  const writable = text.toWellFormed().replace(/[^\t\n\r\u{20}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}');
  return writable.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
