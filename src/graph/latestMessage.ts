// Asks one mailbox for its mail, or for what else this Graph is asked, and takes the subject of the newest message.
import type { Classification } from '../rules/classify.ts';
import { cut, LONGEST } from '../rules/foreignText.ts';
import type { Query, Resource } from '../rules/resources.ts';
import type { AskOptions, Exchange, Graph } from './client.ts';

/** The parts of a message that are shown. */
export interface Message {
  /**
   * Null unless asked for and readable. Also null when the inbox is empty or the mail has no subject, and for every other
   * kind of data. A long one is cut.
   */
  readonly subject: string | null;
  /** ISO 8601 UTC; null as above. */
  readonly receivedDateTime: string | null;
}

export interface LatestMessage extends Exchange, Classification, Message {}

/**
 * Asks for the newest message, or for another kind of data.
 *
 * @param withSubject false for a denied mailbox, because a subject that must not be read is not requested either
 */
export async function latestMessage(
  graph: Graph,
  mailbox: string,
  withSubject: boolean,
  options: AskOptions,
): Promise<LatestMessage> {
  const { resource } = graph;
  const exchange = await graph.get(pathOf(resource, mailbox), queryOf(resource, withSubject), options);
  return { ...exchange, ...messageIn(resource, exchange.body, withSubject && exchange.outcome === 'readable') };
}

export function pathOf({ path }: Resource, mailbox: string): string {
  return `/users/${pathSegment(mailbox)}/${path}`;
}

export function queryOf({ query, subjectQuery }: Resource, withSubject: boolean): Query {
  return (withSubject ? subjectQuery : null) ?? query;
}

/** The message in the body of a readable answer; nulls when it may not be shown. */
export function messageIn({ subjectQuery }: Resource, body: unknown, shown: boolean): Message {
  const message = shown && subjectQuery !== null ? firstMessage(body) : {};
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
  // Only mail has subjects, and `classify` calls its answer readable only if it is an object with an array `value`.
  const [first] = (body as { readonly value: readonly unknown[] }).value;
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {};
}

function textOrNull(value: unknown, most: number): string | null {
  return typeof value === 'string' ? cut(value, most) : null;
}
