// Chooses the format of a list: the parameter `format`, or else what the header Accept prefers.
import Negotiator from 'negotiator';
import type { Format } from '../api/page.ts';
import { CSV_TYPE, JSON_TYPE } from '../api/route.ts';
import { MailscopeError } from '../errors.ts';

const OFFERED: Readonly<Record<Format, string>> = { json: JSON_TYPE, csv: CSV_TYPE };
/** A parameter of a type, such as `;odata.metadata=none`, but not its weight `q`. */
const PARAMETER = /;(?!\s*q\s*=)\s*[^\s=;,]*\s*(=\s*("(?:[^"\\]|\\.)*"|[^;,"]*))?/gi;

/** @throws MailscopeError `not-acceptable` */
export function formatOf(asked: Format | undefined, accept: string | null): Format {
  if (asked !== undefined) return asked;
  // An empty header says as little as none.
  const headers = accept?.trim() ? { accept: accept.replace(PARAMETER, '') } : {};
  const chosen = new Negotiator({ headers }).mediaType(Object.values(OFFERED));
  if (chosen !== undefined) return chosen === OFFERED.csv ? 'csv' : 'json';
  const text = `This route answers ${JSON_TYPE} and ${CSV_TYPE}. The header Accept takes neither.`;
  throw new MailscopeError('not-acceptable', text);
}
