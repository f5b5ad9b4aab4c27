// Which page of a list is asked for: its size, where it goes on, and its format.
import * as z from 'zod';
import { MailscopeError } from '../errors.ts';
import { oneOf, type Parameter, type Parameters, type QuestionOf, readCount, refuse } from './parameters.ts';

/** One page of a list: how many, and where it goes on. */
export interface PageQuestion {
  readonly top: number;
  readonly after: string;
}

export type Format = 'json' | 'csv';

/** The sizes of a page. A table in a spreadsheet has no next link that a person would follow, so its pages are long. */
const SIZES: Readonly<Record<Format, { readonly usual: number; readonly most: number }>> = {
  json: { usual: 100, most: 1_000 },
  csv: { usual: 10_000, most: 10_000 },
};

const size = (description: string): Parameter<string | undefined> => ({
  // The limit depends on the format, so the number is read with it.
  read: (value) => value,
  schema: z.int().min(1).max(SIZES.csv.most).meta({ format: 'int32' }),
  description,
});

export const PAGE_PARAMETERS = {
  top: size('The size of a page: at most 1000, and 100 without it. As CSV: at most 10000, and 10000 without it.'),
  maxpagesize: size('Another name of top.'),
  after: { read: readAfter, schema: z.string(), description: 'Where the list goes on. Only a nextLink has it.' },
} satisfies Parameters<{ top: string | undefined; maxpagesize: string | undefined; after: string }>;

export const FORMAT_PARAMETER = {
  format: oneOf(z.enum(['json', 'csv']), 'The format of the answer. It wins over the header Accept.'),
};

/**
 * The page that the parameters ask for.
 *
 * @throws MailscopeError `parameter-invalid`
 */
export function readPage(
  { top, maxpagesize, after }: QuestionOf<typeof PAGE_PARAMETERS>,
  format: Format,
): PageQuestion {
  const { usual, most } = SIZES[format];
  const read = (value: string | undefined, name: string) =>
    value === undefined ? undefined : readCount(value, name, most);
  const [own, other] = [read(top, 'top'), read(maxpagesize, 'maxpagesize')];
  if (own !== undefined && other !== undefined && own !== other) {
    const text = `The query parameters top and maxpagesize are ${own} and ${other}. Use one of them.`;
    throw new MailscopeError('parameter-invalid', text);
  }
  return { top: own ?? other ?? usual, after };
}

/** Where the list continues, from a `nextLink`. */
function readAfter(value: string | undefined, name: string): string {
  const after = Buffer.from(value ?? '', 'base64url').toString();
  return writeAfter(after) === (value ?? '') ? after : refuse(name, value ?? '', 'the value from a nextLink');
}

export function writeAfter(continuation: string): string {
  return Buffer.from(continuation).toString('base64url');
}
