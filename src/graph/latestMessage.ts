// The newest message of a mailbox's inbox, as far as it may be asked for.
import type { Classification } from '../rules/classify.ts';
import type { AskOptions, Exchange, Graph } from './client.ts';

/** What is shown of a message. */
export interface Message {
  /** Null unless asked for and readable; null too when the inbox is empty or the mail has none. */
  readonly subject: string | null;
  /** ISO 8601 UTC; null as above. */
  readonly receivedDateTime: string | null;
}

export interface LatestMessage extends Exchange, Classification, Message {}

/**
 * Asks for the newest message.
 *
 * @param withSubject false for a denied mailbox: what must not be read is not requested either
 */
export async function latestMessage(
  graph: Graph,
  mailbox: string,
  withSubject: boolean,
  options: AskOptions,
): Promise<LatestMessage> {
  const exchange = await graph.get(inboxPath(mailbox), newestFirst(withSubject), options);
  return { ...exchange, ...messageIn(exchange.body, withSubject && exchange.outcome === 'readable') };
}

/** The path of the inbox's messages; not `/messages`, which spans Deleted Items too. */
export function inboxPath(mailbox: string): string {
  return `/users/${pathSegment(mailbox)}/mailFolders/inbox/messages`;
}

/** One message, the newest: no default order is documented, so one is asked for. */
export function newestFirst(withSubject: boolean): Readonly<Record<string, string>> {
  return {
    $top: '1',
    $select: withSubject ? 'id,subject,receivedDateTime' : 'id',
    $orderby: 'receivedDateTime desc',
  };
}

/** The message in a readable answer's body; nulls when it may not be shown. */
export function messageIn(body: unknown, shown: boolean): Message {
  const message = shown ? firstMessage(body) : {};
  return { subject: textOrNull(message.subject), receivedDateTime: textOrNull(message.receivedDateTime) };
}

/** Escapes everything that has a meaning in a path, the quote of OData's key syntax included. */
function pathSegment(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

function firstMessage(body: unknown): Readonly<Record<string, unknown>> {
  // A readable answer is an object with an array `value`: classify says so.
  const [first] = (body as { readonly value: readonly unknown[] }).value;
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {};
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
