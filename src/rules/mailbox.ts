// The name of a mailbox: a user principal name or a directory object id, always in lower case.

/** What the owner declares about a mailbox. */
export type Expectation = (typeof EXPECTATIONS)[number];
export const EXPECTATIONS = ['allowed', 'denied'] as const;

const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// The atoms and dots of RFC 5322 without the slash, plus letters of any script. Guests have `#EXT#`.
const USER_PRINCIPAL_NAME = /^[\p{L}\p{M}\p{N}.!#$%&'*+=?^_`{|}~-]{1,64}@[\p{L}\p{M}\p{N}.-]{1,255}$/u;

/** The mailbox in `text`, as it is compared and stored; null when `text` cannot be a mailbox. */
export function parseMailbox(text: string): string | null {
  const mailbox = text.trim().normalize('NFC').toLowerCase();
  return OBJECT_ID.test(mailbox) || USER_PRINCIPAL_NAME.test(mailbox) ? mailbox : null;
}
