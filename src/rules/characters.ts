// Characters that nobody sees or that an export has lost, by name and code point. Pure.

/** Invisible, or only visible as a gap: spaces but the ordinary one, controls, marks of direction, joiners. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
const EACH_INVISIBLE = new RegExp(INVISIBLE, 'gu');

const NAMES: Readonly<Record<string, string>> = {
  '\t': 'tab',
  '\u00A0': 'no-break space',
  '\u00AD': 'soft hyphen',
  '\u200B': 'zero width space',
  '\u200C': 'zero width non-joiner',
  '\u200D': 'zero width joiner',
  '\u200E': 'left-to-right mark',
  '\u200F': 'right-to-left mark',
  '\u2060': 'word joiner',
  '\u202A': 'left-to-right embedding',
  '\u202B': 'right-to-left embedding',
  '\u202C': 'end of a direction',
  '\u202D': 'left-to-right override',
  '\u202E': 'right-to-left override',
  '\u2066': 'left-to-right isolate',
  '\u2067': 'right-to-left isolate',
  '\u2068': 'first strong isolate',
  '\u2069': 'end of an isolate',
  '\u3000': 'ideographic space',
  '\uFEFF': 'byte order mark',
  '\uFFFD': 'replacement character',
};

/** `U+200B (zero width space)`; without the name if it has none here. */
export function codePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const name = NAMES[character];
  return name === undefined ? `U+${hex}` : `U+${hex} (${name})`;
}

/** The first character that nobody sees; null when all can be seen. */
export function firstInvisible(text: string): string | null {
  return INVISIBLE.exec(text)?.[0] ?? null;
}

/** The text with each invisible character written as `<U+200B>`, so that an error shows it and cannot be forged with it. */
export function visible(text: string): string {
  return text.replace(EACH_INVISIBLE, (character) => `<${codePoint(character).split(' ', 1)[0]}>`);
}

/** Without spaces, tabs and line breaks at both ends. Unlike `trim` it keeps characters that nobody sees. */
export function trimmed(text: string): string {
  return text.replace(/^[ \t\r\n\f\v]+|[ \t\r\n\f\v]+$/g, '');
}
