// The settings in a file of the shape of local.settings.json.
import { readFileSync } from 'node:fs';

/** Throws an Error that says what is wrong with the file. */
export function readSettingsFile(file: string): Readonly<Record<string, string>> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const values = (content as { readonly Values?: unknown } | null)?.Values;
  if (typeof values !== 'object' || values === null)
    throw new Error(`${file} has no "Values" with the settings in it.`);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
