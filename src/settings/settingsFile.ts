// Reads the settings from a file such as local.settings.json.
import { readFileSync } from 'node:fs';

/** Throws an Error that says what is wrong with the file. */
export function readSettingsFile(file: string): Readonly<Record<string, string>> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} cannot be read as JSON: ${(cause as Error).message}`, { cause });
  }
  const values = (content as { readonly Values?: unknown } | null)?.Values;
  if (typeof values !== 'object' || values === null)
    throw new Error(`${file} has no "Values" object. Put the settings in it, as in local.settings.json.example.`);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
