// Asks for the newest message in a mailbox's inbox.
import type { Classification } from '../rules/classify.ts';
import { cut, LONGEST } from '../rules/foreignText.ts';
import type { AskOptions, Exchange, Graph } from './client.ts';

/** The parts of a message that are shown. */
export interface Message {
  /**
   * Null unless asked for and readable. Also null when the inbox is empty or the mail has no subject. A long one is cut.
   */
  readonly subject: string | null;
  /** ISO 8601 UTC; null as above. */
  readonly receivedDateTime: string | null;
}

export interface LatestMessage extends Exchange, Classification, Message {}

/**
 * Asks for the newest message.
 *
 * @param withSubject false for a denied mailbox, because a subject that must not be read is not requested either
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

/** The path of the inbox's messages. It is not `/messages`, which includes Deleted Items. */
export function inboxPath(mailbox: string): string {
  return `/users/${pathSegment(mailbox)}/mailFolders/inbox/messages`;
}

/** The query for the newest message. Graph documents no default order, so the query asks for one. */
export function newestFirst(withSubject: boolean): Readonly<Record<string, string>> {
  return {
    $top: '1',
    $select: withSubject ? 'id,subject,receivedDateTime' : 'id',
    $orderby: 'receivedDateTime desc',
  };
}

/** The message in the body of a readable answer; nulls when it may not be shown. */
export function messageIn(body: unknown, shown: boolean): Message {
  const message = shown ? firstMessage(body) : {};
  return {
    subject: textOrNull(message.subject, LONGEST.subject),
    receivedDateTime: textOrNull(message.receivedDateTime, LONGEST.time),
  };
}

/** Escapes every special character of a path, and the quote of OData's key syntax. */
function pathSegment(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

function firstMessage(body: unknown): Readonly<Record<string, unknown>> {
  // `classify` calls an answer readable only if it is an object with an array `value`.
  const [first] = (body as { readonly value: readonly unknown[] }).value;
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {};
}

function textOrNull(value: unknown, most: number): string | null {
  return typeof value === 'string' ? cut(value, most) : null;
}
