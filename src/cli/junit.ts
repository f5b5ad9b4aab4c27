// A report as JUnit XML for CI systems: one test case for each mailbox.
//
// A breach or a lockout is a failure. A mailbox without proof is an error, because most systems show a skipped case as
// green.
import type { Asked, AskReport } from '../ask/ask.ts';
import { meaning } from './reportWords.ts';

export function junit({ askedAt, mailboxes, verdicts }: AskReport): string {
  const seconds = mailboxes.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
  const counts = {
    tests: mailboxes.length,
    failures: verdicts.breach + verdicts.lockout,
    errors: verdicts.unverified,
    skipped: 0,
    time: seconds.toFixed(3),
  };
  // The format has no time zone. These times are UTC.
  const suite = { name: 'mailscope', ...counts, timestamp: askedAt.slice(0, 19) };
  const { skipped: _, ...totals } = counts;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'mailscope', ...totals })}>`,
    `  <testsuite${attributes(suite)}>`,
    ...mailboxes.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(asked: Asked): string {
  const { mailbox, expectation, verdict, durationMs } = asked;
  const time = (durationMs / 1000).toFixed(3);
  const start = `    <testcase${attributes({ classname: `mailscope.${expectation}`, name: mailbox, time })}`;
  if (verdict === 'compliant') return `${start}/>`;
  const kind = verdict === 'unverified' ? 'error' : 'failure';
  const type = verdict === 'unverified' ? (asked.reason ?? 'control-not-held') : verdict;
  const problem = `<${kind}${attributes({ type, message: meaning(asked) })}>${escaped(evidence(asked))}</${kind}>`;
  return `${start}>\n      ${problem}\n    </testcase>`;
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
