// Chooses the format of a list: the parameter `format`, or else what the header Accept prefers.
import Negotiator from 'negotiator';
import type { Format } from '../api/page.ts';
import { CSV_TYPE, JSON_TYPE } from '../api/route.ts';
import { MailscopeError } from '../errors.ts';
import { CSV_CONTENT_TYPE } from './csvAnswer.ts';

const OFFERED: readonly (readonly [Format, string])[] = [
  ['json', `${JSON_TYPE};charset=utf-8`],
  ['csv', CSV_CONTENT_TYPE],
];

/** @throws MailscopeError `not-acceptable` */
export function formatOf(asked: Format | undefined, accept: string | null): Format {
  if (asked !== undefined) return asked;
  // An empty header says as little as none.
  const headers = accept?.trim() ? { accept } : {};
  const chosen = new Negotiator({ headers }).mediaType(OFFERED.map(([, type]) => type));
  const found = OFFERED.find(([, type]) => type === chosen);
  if (found) return found[0];
  const text = `This route answers ${JSON_TYPE} and ${CSV_TYPE}. The header Accept takes neither.`;
  throw new MailscopeError('not-acceptable', text);
}
