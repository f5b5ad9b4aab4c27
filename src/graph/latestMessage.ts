// The newest message of a mailbox's inbox, as far as it may be asked for.
import type { Exchange, Graph } from './client.ts';

export interface LatestMessage extends Exchange {
  /** Null unless asked for and readable; null too when the inbox is empty or the mail has none. */
  readonly subject: string | null;
  /** ISO 8601 UTC; null as above. */
  readonly receivedDateTime: string | null;
}

/**
 * Asks for the newest message. No default order is documented, so it asks for one; and for the inbox, since `/messages` spans
 * Deleted Items too.
 *
 * @param withSubject false for a denied mailbox: what must not be read is not requested either
 */
export async function latestMessage(
  graph: Graph,
  mailbox: string,
  withSubject: boolean,
  deadlineMs: number,
): Promise<LatestMessage> {
  const query = {
    $top: '1',
    $select: withSubject ? 'id,subject,receivedDateTime' : 'id',
    $orderby: 'receivedDateTime desc',
  };
  const exchange = await graph.get(`/users/${pathSegment(mailbox)}/mailFolders/inbox/messages`, query, deadlineMs);
  const message = withSubject && exchange.outcome === 'readable' ? firstMessage(exchange.body) : {};
  return {
    ...exchange,
    subject: textOrNull(message.subject),
    receivedDateTime: textOrNull(message.receivedDateTime),
  };
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
