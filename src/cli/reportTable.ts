// A report as a table for people.
import type { Asked, AskReport } from '../ask/ask.ts';
import { printable } from '../printable.ts';
import { answerText, requestIdOf } from '../rules/observation.ts';
import { counted, meaning } from './reportWords.ts';

// A name is shown whole, so that it can be copied. Codes and ids are Graph's, and may be of any length.
const LONGEST_NAME = 320;
const LONGEST_CODE = 80;
const LONGEST_ID = 64;
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
  const code = cellOf(answerText(asked), LONGEST_CODE) || '-';
  const requestId = cellOf(requestIdOf(asked) ?? '-', LONGEST_ID);
  return [cellOf(mailbox, LONGEST_NAME), expectation, outcome, meaning(asked), code, requestId];
}

/** Two spaces part two columns, so a cell has no more than one. */
function cellOf(text: string, most: number): string {
  return printable(text, most).replace(/\s{2,}/g, ' ');
}

/** The width in characters, where a character outside the BMP counts once. */
function width(cell = ''): number {
  return [...cell].length;
}
