// What a mailbox is called: a user principal name or a directory object id, always in lower case.

/** What the owner declared of a mailbox. */
export type Expectation = (typeof EXPECTATIONS)[number];
export const EXPECTATIONS = ['allowed', 'denied'] as const;

const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// RFC 5322's atoms and dots, less the slash, plus letters of any script; guests hold `#EXT#`, and `'` and `+` occur.
const USER_PRINCIPAL_NAME = /^[\p{L}\p{M}\p{N}.!#$%&'*+=?^_`{|}~-]{1,64}@[\p{L}\p{M}\p{N}.-]{1,255}$/u;

/** The mailbox that `text` names, as it is compared and stored, or null when it cannot be one. */
export function parseMailbox(text: string): string | null {
  const mailbox = text.trim().normalize('NFC').toLowerCase();
  return OBJECT_ID.test(mailbox) || USER_PRINCIPAL_NAME.test(mailbox) ? mailbox : null;
}
