// A report as a table for people.
import type { Asked, AskReport } from '../ask/ask.ts';
import { answerText, requestIdOf } from '../rules/observation.ts';
import { counted, meaning } from './reportWords.ts';

const HEADER = ['mailbox', 'declared', 'seen', 'what it means', 'code', 'request id'];

export function table(report: AskReport): string {
  const rows = [HEADER, ...report.mailboxes.map(row)];
  const widths = HEADER.map((_, column) => rows.reduce((most, cells) => Math.max(most, width(cells[column])), 0));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n\n${counted(report)}.\n`;
}

function row(asked: Asked): string[] {
  const { mailbox, expectation, outcome } = asked;
  return [mailbox, expectation, outcome, meaning(asked), answerText(asked) || '-', requestIdOf(asked) ?? '-'];
}

/** The width in characters, where a character outside the BMP counts once. */
function width(cell = ''): number {
  return [...cell].length;
}
