// The name of a mailbox: a user principal name or a directory object id, always in lower case.
import { codePoint, firstInvisible, trimmed, visible } from './characters.ts';

/** What the owner declares about a mailbox. */
export type Expectation = (typeof EXPECTATIONS)[number];
export const EXPECTATIONS = ['allowed', 'denied'] as const;

const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// The atoms and dots of RFC 5322 plus letters of any script, without the slash and the question mark: no user principal
// name has one of these ("Prepare for directory synchronization"). Guests have `#EXT#`.
const USER_PRINCIPAL_NAME = /^[\p{L}\p{M}\p{N}.!#$%&'*+=^_`{|}~-]{1,64}@[\p{L}\p{M}\p{N}.-]{1,255}$/u;

const LONGEST_SHOWN = 60;

/** The mailbox in `text`, as it is compared and stored; null when `text` cannot be a mailbox. */
export function parseMailbox(text: string): string | null {
  // Some letters and marks are invisible too.
  if (firstInvisible(trimmed(text)) !== null) return null;
  const mailbox = trimmed(text).normalize('NFC').toLowerCase();
  return OBJECT_ID.test(mailbox) || USER_PRINCIPAL_NAME.test(mailbox) ? mailbox : null;
}

/** A bad name as an error shows it, in quotes. */
export function shownName(name: string): string {
  const shown = visible(name);
  return `"${shown.length <= LONGEST_SHOWN ? shown : `${shown.slice(0, LONGEST_SHOWN - 1)}…`}"`;
}

/** What is wrong with a single character of a bad name, and what to do; null when it is something else. */
export function characterFault(name: string): string | null {
  const invisible = firstInvisible(trimmed(name));
  if (invisible !== null) {
    return `It holds ${codePoint(invisible)}, which nobody sees. Type the name again, without it`;
  }
  const lost = /[?\uFFFD]/.exec(name)?.[0];
  if (lost === undefined) return null;
  const character = lost === '?' ? '"?" (U+003F)' : codePoint(lost);
  return `It holds ${character}: an export has probably lost a letter. Export the list as UTF-8`;
}
