// Whether a setting is set: an empty one counts as not set.
import { trimmed } from '../rules/characters.ts';

/** @param exactly keeps a space that nobody sees, so that it can be named */
export function given(value: string | undefined, exactly = false): string | undefined {
  return (exactly ? trimmed(value ?? '') : value?.trim()) || undefined;
}
