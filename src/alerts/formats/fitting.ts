// Makes an alert fit into a message: the only place that bounds its size.
//
// 1. Causes, notices and request ids are cut, each time shorter, with an ellipsis.
// 2. If that is not enough, the least urgent mailboxes are left out, and then notices. The message says how many.
//
// The bytes of the written body are measured, because each format writes a character in its own way.
import { cut } from '../../printable.ts';
import type { Alert, Formatted } from '../alert.ts';

/** Teams takes 28 KB ("Create Incoming Webhooks"), which is the least of all. */
const LARGEST_BODY = 28 * 1024 - 1;
/** The longest of these texts, in characters. */
const TEXT_LENGTHS = [400, 160, 60] as const;
const LONGEST_ID = 64;

type Write = (alert: Alert) => Formatted;

/** `write`, with bodies that are always less than 28 KB. */
export function fitting(write: Write): Write {
  return (alert) => {
    const shorter = TEXT_LENGTHS.map((length) => withTexts(alert, length));
    for (const one of shorter) {
      const formatted = write(one);
      if (fits(formatted)) return formatted;
    }
    const shortest = shorter.at(-1) ?? alert;
    for (let { items, notices } = shortest; ; ) {
      if (items.length > 0) items = items.slice(0, -1);
      else notices = notices.slice(0, -1);
      const formatted = write({ ...shortest, items, notices: [...notices, ...left(shortest, notices.length)] });
      if (fits(formatted) || items.length + notices.length === 0) return formatted;
    }
  };
}

function fits({ body }: Formatted): boolean {
  return Buffer.byteLength(body) <= LARGEST_BODY;
}

function withTexts(alert: Alert, length: number): Alert {
  const items = alert.items.map((item) => ({
    ...item,
    requestId: item.requestId && cut(item.requestId, Math.min(length, LONGEST_ID)),
    probableCause: item.probableCause && cut(item.probableCause, length),
  }));
  return { ...alert, items, notices: alert.notices.map((notice) => cut(notice, length)) };
}

function left({ notices }: Alert, told: number): string[] {
  const more = notices.length - told;
  return more > 0 ? [`… and ${more} more ${more === 1 ? 'notice' : 'notices'}.`] : [];
}
