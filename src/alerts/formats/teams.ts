// An Adaptive Card for a Teams Workflows webhook.
import type { Alert, Formatted } from '../alert.ts';
import { compose } from '../compose.ts';

/** Teams shows version 1.4 everywhere; `msteams.width` is its own. */
export function toTeams(alert: Alert): Formatted {
  const { headline, advice, notices, lines, more, link } = compose(alert);
  const block = (text: string, more: object = {}) => ({ type: 'TextBlock', text: escaped(text), wrap: true, ...more });
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: headline,
    msteams: { width: 'Full' },
    body: [
      block(headline, { size: 'Large', weight: 'Bolder', style: 'heading' }),
      ...[...advice, ...notices].map((text) => block(text)),
      ...lines.map((text) => block(text, { separator: true })),
      ...(more > 0 ? [block(`… and ${more} more.`)] : []),
    ],
    ...(link ? { actions: [{ type: 'Action.OpenUrl', title: 'Drift', url: link }] } : {}),
  };
  const message = {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }],
  };
  return { contentType: 'application/json', body: JSON.stringify(message) };
}

/** A TextBlock reads a part of Markdown. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]()#~<>|!]/g, (character) => `\\${character}`);
}
