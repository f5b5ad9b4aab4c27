// Reads the settings from a file such as local.settings.json, with all that Azure Functions Core Tools read in one.
import { readFileSync } from 'node:fs';

/**
 * Reads JSON with comments, commas after the last value and a byte order mark. UTF-16 too, because Windows PowerShell
 * writes it. The environment of a process holds only text, so numbers and booleans become text and null is left out.
 *
 * @throws Error that says what is wrong with the file
 */
export function readSettingsFile(file: string): Readonly<Record<string, string>> {
  let content: unknown;
  try {
    content = JSON.parse(withoutComments(decoded(readFileSync(file))));
  } catch (cause) {
    throw new Error(`${file} cannot be read as JSON: ${(cause as Error).message}`, { cause });
  }
  if (fieldOf(content, 'IsEncrypted') === true) {
    throw new Error(
      `${file} is encrypted. Run func settings decrypt, or set "IsEncrypted" to false and write it again.`,
    );
  }
  const values = fieldOf(content, 'Values');
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new Error(`${file} has no "Values" object. Put the settings in it, as in local.settings.json.example.`);
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'object' && value !== null)
      throw new Error(`${file}: the value of ${name} is a list or an object. Write it as one text in quotes.`);
    if (value !== null) settings[name] = String(value);
  }
  return settings;
}

/** Core Tools read the names of the file's own fields in any case. */
function fieldOf(content: unknown, name: string): unknown {
  if (typeof content !== 'object' || content === null) return undefined;
  return Object.entries(content).find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1];
}

function decoded(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  // The decoder takes the byte order mark away.
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

const COMMENT = String.raw`//[^\r\n]*|/\*[\s\S]*?\*/`;
/** A text, a comment, or a comma with nothing but space and comments before the closing bracket. */
const TOKENS = new RegExp(String.raw`"(?:[^"\\\r\n]|\\.)*"|${COMMENT}|,(?=(?:\s|${COMMENT})*[}\]])`, 'g');

/** Texts stay as they are: an address holds `//`. All else becomes space, so that an error names the right place. */
function withoutComments(json: string): string {
  return json.replace(TOKENS, (token) => (token.startsWith('"') ? token : token.replace(/[^\r\n]/g, ' ')));
}
