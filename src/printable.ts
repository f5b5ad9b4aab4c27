// Text that others wrote, made safe for a terminal and for the log of a pipeline. Pure.
//
// Names, Graph's codes and request ids, and the words of receivers and libraries may hold anything. A line break forges a
// row, an escape sequence rewrites the screen, a bidi control turns text around, and `::error` or `##vso[` is a command to
// GitHub Actions or Azure Pipelines.

const LONGEST_CELL = 300;

/** One printable line of at most `most` characters. */
export function printable(text: string, most = LONGEST_CELL): string {
  // Only what can be shown is looked at: the text may be very long.
  return cut(oneLine(cut(text, most)), most);
}

/** The same text with its line breaks, each line printable. For reports whose cells are printable already. */
export function printableLines(text: string): string {
  return text.split('\n').map(oneLine).join('\n');
}

/** JSON on several lines that holds no such character or command. It reads as the same value. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2).replace(UNSAFE, jsonEscape);
  return text.replaceAll('##', '#\\u0023');
}

/** The text, or its beginning and an ellipsis: at most `most` characters, none of them cut in half. */
export function cut(text: string, most: number): string {
  // A character has at most two code units, so this slice holds more than enough.
  const characters = [...text.slice(0, 2 * most + 2)];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

// Control and format characters: C0, C1, escape sequences, bidi controls and what is invisible; and other line ends.
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function oneLine(text: string): string {
  const shown = text
    .toWellFormed()
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' ')
    .replace(UNSAFE, '\u{FFFD}');
  // A runner looks for `##` anywhere in a line, and for `::` at its beginning.
  return shown.replace(/##(?=\[|vso\[)/gi, '# #').replace(/^(\s*)::/, '$1: :');
}

function jsonEscape(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    const unit = character.charCodeAt(index).toString(16).padStart(4, '0');
    return `\\u${unit}`;
  }).join('');
}
