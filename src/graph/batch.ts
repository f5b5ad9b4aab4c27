// One `$batch` call: asks about up to twenty mailboxes, and matches each answer to its mailbox by id.
import { type Classification, classify, inconclusive, isRecord } from '../rules/classify.ts';
import { cutWordOrNull, LONGEST } from '../rules/foreignText.ts';
import type { Query, Resource } from '../rules/resources.ts';
import { type AskOptions, classifyExchange, type Exchange, type Graph } from './client.ts';
import { type Message, messageIn, pathOf, queryOf } from './latestMessage.ts';
import { httpDate, retryAfterMs } from './retryAfter.ts';

/** "Combine multiple HTTP requests using JSON batching": at most twenty requests. */
export const LARGEST_BATCH = 20;

export interface Question {
  readonly mailbox: string;
  readonly withSubject: boolean;
}

/** The answer about one mailbox, from a request alone or in a batch. */
export interface Answer extends Classification, Message {
  readonly status: number | null;
  readonly requestId: string | null;
  readonly clientRequestId: string | null;
  readonly batchRequestId: string | null;
  /** The number of HTTP requests sent for it. */
  readonly attempts: number;
  /** How long Graph asks to wait before the next try. */
  readonly retryAfterMs: number | null;
  /** True when there must be no more tries: the client has already repeated the request. */
  readonly final: boolean;
  /**
   * What could not be read, so that another way of asking may show more: the whole batch, or only this mailbox's part of
   * it. Null when everything was read.
   */
  readonly unread: 'batch' | 'part' | null;
}

export interface BatchServices {
  readonly graph: Graph;
  readonly newId: () => string;
  readonly now: () => Date;
}

/** Asks about all `questions` in one call. The answers are in the same order. */
export async function askBatch(
  { graph, newId, now }: BatchServices,
  questions: readonly Question[],
  options: AskOptions,
): Promise<readonly Answer[]> {
  const { resource } = graph;
  const ids = questions.map(() => newId());
  const requests = questions.map(({ mailbox, withSubject }, index) => ({
    id: String(index + 1),
    method: 'GET',
    url: `${pathOf(resource, mailbox)}?${queryText(queryOf(resource, withSubject))}`,
    headers: { 'client-request-id': ids[index] },
  }));
  const exchange = await graph.post('/$batch', { requests }, options);
  const isAnswered = exchange.failure === null && exchange.status === 200;
  const inner = isAnswered ? innerAnswers(exchange.body) : null;
  const sentAt = new Date(httpDate(exchange.date ?? '') ?? now());
  return questions.map((question, index) => {
    const clientRequestId = ids[index] ?? null;
    if (inner === null) return failedAnswer(exchange, resource, clientRequestId, isAnswered);
    return innerAnswer(question, inner.get(String(index + 1)) ?? [], { exchange, resource, sentAt, clientRequestId });
  });
}

/** Escapes the values only. Graph reads names such as `$top` as they are. */
function queryText(query: Query): string {
  return Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

interface InnerAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The readable answers by id; null when the body is not the answer of a batch. */
function innerAnswers(body: unknown): Map<string, InnerAnswer[]> | null {
  if (!isRecord(body) || !Array.isArray(body.responses)) return null;
  const found = new Map<string, InnerAnswer[]>();
  for (const one of body.responses as readonly unknown[]) {
    if (!isRecord(one) || typeof one.id !== 'string' || typeof one.status !== 'number') continue;
    const answer = { status: one.status, headers: headersOf(one.headers), body: one.body };
    found.set(one.id, [...(found.get(one.id) ?? []), answer]);
  }
  return found;
}

function innerAnswer(
  { withSubject }: Question,
  answers: readonly InnerAnswer[],
  outer: {
    readonly exchange: Exchange;
    readonly resource: Resource;
    readonly sentAt: Date;
    readonly clientRequestId: string | null;
  },
): Answer {
  const { requestId: batchRequestId, attempts } = outer.exchange;
  const common = { clientRequestId: outer.clientRequestId, batchRequestId, attempts, final: false };
  const [first] = answers;
  const classified = answers.map((answer) => classify(answer, outer.resource));
  // A missing answer proves nothing, and neither do two that contradict each other.
  const agreed = classified.every(({ outcome }) => outcome === classified[0]?.outcome);
  if (!first || !classified[0] || !agreed) {
    const nothing = { subject: null, receivedDateTime: null, status: null, requestId: null, retryAfterMs: null };
    return { ...common, ...nothing, ...inconclusive('unexpected'), unread: 'part' };
  }
  return {
    ...common,
    ...classified[0],
    ...messageIn(outer.resource, first.body, withSubject && classified[0].outcome === 'readable'),
    status: first.status,
    requestId: cutWordOrNull(first.headers.get('request-id') ?? requestIdIn(first.body), LONGEST.id),
    retryAfterMs: retryAfterMs(first.headers, outer.sentAt),
    // A 200 without the data: text, base64 or half of an answer.
    unread: first.status === 200 && classified[0].outcome !== 'readable' ? 'part' : null,
  };
}

/**
 * The answer for each mailbox when the whole batch failed after all tries. Its status says nothing about any mailbox.
 *
 * @param isUnread Graph answered with 200, but nobody can read it: one broken mailbox is enough for that
 */
function failedAnswer(outer: Exchange, resource: Resource, clientRequestId: string | null, isUnread: boolean): Answer {
  const { reason, code } = classifyExchange(outer, resource);
  return {
    ...inconclusive(reason ?? 'unexpected', code),
    subject: null,
    receivedDateTime: null,
    status: outer.status,
    requestId: null,
    clientRequestId,
    batchRequestId: outer.requestId,
    attempts: outer.attempts,
    retryAfterMs: null,
    final: !isUnread,
    unread: isUnread ? 'batch' : null,
  };
}

/** An inner answer has no request-id header, but the body of an error may hold the id. */
function requestIdIn(body: unknown): string | null {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  const inner = error.innerError ?? error.innererror;
  const id = isRecord(inner) ? inner['request-id'] : null;
  return typeof id === 'string' ? id : null;
}

function headersOf(headers: unknown): Headers {
  const read = new Headers();
  if (!isRecord(headers)) return read;
  for (const [name, value] of Object.entries(headers)) {
    try {
      read.set(name, String(value));
    } catch {
      // Graph sent an invalid header. The answer itself still counts.
    }
  }
  return read;
}
