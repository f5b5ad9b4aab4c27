// Slack's Block Kit, for an incoming webhook.
import type { Alert, Formatted } from '../alert.ts';
import { compose } from '../compose.ts';

// "Reference: blocks": the longest text of a header and of a section.
const LONGEST_HEADER = 150;
const LONGEST_SECTION = 3_000;

export function toSlack(alert: Alert): Formatted {
  const { headline, advice, notices, lines, more, link } = compose(alert);
  const section = (text: string) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: escaped(text).slice(0, LONGEST_SECTION) },
  });
  const message = {
    text: escaped(headline),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: headline.slice(0, LONGEST_HEADER), emoji: false } },
      ...[...advice, ...notices, ...lines].map(section),
      ...(more > 0 ? [section(`… and ${more} more.`)] : []),
      ...(link ? [section(`Drift: ${link}`)] : []),
    ],
  };
  return { contentType: 'application/json', body: JSON.stringify(message) };
}

/** "Formatting text for app surfaces": three characters are control characters; a zero-width space keeps marks from being paired. */
function escaped(text: string): string {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return safe.replace(/[*_~`]/g, (mark) => `\u200B${mark}\u200B`);
}
