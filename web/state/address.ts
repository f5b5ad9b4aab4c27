// The fragment of the page's address and what it shows. So a view, its filters included, is a link.
import type { DriftKind, Expectation, Verdict } from '../apiTypes.ts';

export type View =
  | { readonly page: 'home' }
  | { readonly page: 'mailboxes'; readonly filter: MailboxFilter; readonly after?: string | undefined }
  | {
      readonly page: 'mailbox';
      readonly mailbox: string;
      readonly range: TimeRange;
      readonly after?: string | undefined;
    }
  | { readonly page: 'drift'; readonly filter: DriftFilter; readonly after?: string | undefined }
  | { readonly page: 'runs'; readonly after?: string | undefined }
  | { readonly page: 'run'; readonly id: string }
  | { readonly page: 'unknown' };

export interface MailboxFilter {
  readonly verdict?: Verdict | undefined;
  readonly expectation?: Expectation | undefined;
  readonly startsWith?: string | undefined;
}

export interface DriftFilter {
  /** Absent: open and closed. */
  readonly open?: boolean | undefined;
  readonly kind?: DriftKind | undefined;
}

/** ISO 8601; `from` is inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface Address {
  readonly view: View;
  /** Absent: the one that the API means. */
  readonly scope?: string | undefined;
}

/** The worst first. */
export const VERDICTS: readonly Verdict[] = ['breach', 'lockout', 'unverified', 'pending', 'compliant'];
export const EXPECTATIONS: readonly Expectation[] = ['denied', 'allowed'];
export const KINDS: readonly DriftKind[] = ['breach', 'lockout', 'unverified'];

/** Reads a fragment such as `#/mailboxes?verdict=breach&startsWith=c`. A filter that is not known is left out. */
export function readAddress(fragment: string): Address {
  const [path = '', search = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  // No value here holds a space. A plus that somebody typed is one: in a name, or before the offset of a time.
  const query = new URLSearchParams(search.replaceAll('+', '%2B'));
  const parts = path.split('/').filter((part) => part !== '');
  return { view: viewOf(parts.map(decoded), query), scope: text(query, 'scope') };
}

function viewOf([name, item, ...rest]: readonly string[], query: URLSearchParams): View {
  if (rest.length > 0) return { page: 'unknown' };
  const after = text(query, 'after');
  if (name === undefined) return { page: 'home' };
  if (name === 'mailboxes' && item !== undefined) {
    const range = { from: text(query, 'from'), to: text(query, 'to') };
    return { page: 'mailbox', mailbox: item, range, after };
  }
  if (name === 'mailboxes') return { page: 'mailboxes', filter: mailboxFilter(query), after };
  if (name === 'runs' && item !== undefined) return { page: 'run', id: item };
  if (name === 'runs') return { page: 'runs', after };
  if (name === 'drift' && item === undefined) return { page: 'drift', filter: driftFilter(query), after };
  return { page: 'unknown' };
}

function mailboxFilter(query: URLSearchParams): MailboxFilter {
  return {
    verdict: oneOf(VERDICTS, text(query, 'verdict')),
    expectation: oneOf(EXPECTATIONS, text(query, 'expectation')),
    startsWith: text(query, 'startsWith'),
  };
}

function driftFilter(query: URLSearchParams): DriftFilter {
  const open = oneOf(['true', 'false'], text(query, 'open'));
  return { open: open === undefined ? undefined : open === 'true', kind: oneOf(KINDS, text(query, 'kind')) };
}

/** The fragment of a view, with its scope. */
export function writeAddress({ view, scope }: Address): string {
  const { path, query } = partsOf(view);
  const values = Object.entries({ ...query, scope }).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  );
  const search = new URLSearchParams(values)
    .toString()
    .replaceAll('+', '%20')
    .replaceAll('%40', '@')
    .replaceAll('%3A', ':');
  return `#/${path}${search && `?${search}`}`;
}

interface Parts {
  readonly path: string;
  readonly query?: object;
}

function partsOf(view: View): Parts {
  switch (view.page) {
    case 'mailboxes':
      return { path: 'mailboxes', query: { ...view.filter, after: view.after } };
    case 'mailbox':
      return { path: `mailboxes/${encoded(view.mailbox)}`, query: { ...view.range, after: view.after } };
    case 'drift':
      return { path: 'drift', query: { ...view.filter, after: view.after } };
    case 'runs':
      return { path: 'runs', query: { after: view.after } };
    case 'run':
      return { path: `runs/${encoded(view.id)}` };
    default:
      return { path: '' };
  }
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%40', '@');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bad escape stays as it was typed.
    return text;
  }
}

function text(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

function oneOf<T extends string>(all: readonly T[], given: string | undefined): T | undefined {
  return all.find((one) => one === given);
}
