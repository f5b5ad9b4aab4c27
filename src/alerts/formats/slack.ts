// Slack's Block Kit, for an incoming webhook.
import { cut } from '../../printable.ts';
import type { Alert, Formatted } from '../alert.ts';
import { compose } from '../compose.ts';

// "Reference: blocks": the longest text of a header and of a section.
const LONGEST_HEADER = 150;
const LONGEST_SECTION = 3_000;

export function toSlack(alert: Alert): Formatted {
  const { headline, advice, notices, lines, more, link } = compose(alert);
  const section = (text: string) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: within(LONGEST_SECTION, text, escaped) },
  });
  const message = {
    text: escaped(headline),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: within(LONGEST_HEADER, headline), emoji: false } },
      ...[...advice, ...notices, ...lines].map(section),
      ...(more > 0 ? [section(`… and ${more} more.`)] : []),
      ...(link ? [section(`Drift: ${link}`)] : []),
    ],
  };
  return { contentType: 'application/json', body: JSON.stringify(message) };
}

/** The text as `write` writes it, not longer than `longest`. An escape is never cut in half, because the text itself is cut. */
function within(longest: number, text: string, write = (one: string) => one): string {
  for (let most = longest; ; most = Math.floor(most * 0.8)) {
    const written = write(cut(text, most));
    if (written.length <= longest) return written;
  }
}

/** "Formatting text for app surfaces": three characters are control characters; a zero-width space keeps marks from being paired. */
function escaped(text: string): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return safe.replace(/[*_~`]/g, (mark) => `\u200B${mark}\u200B`);
}
