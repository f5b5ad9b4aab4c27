// `POST /v1.0/$batch`: answers up to twenty requests in one, four of them at a time.
import { failure, type GraphAnswer, type GraphRequest, ok, PAGE, RawText, TEXTS } from './answers.ts';
import type { FaultSettings } from './faults.ts';

/** Limits from "Combine multiple HTTP requests using JSON batching". */
const LARGEST_BATCH = 20;
const AT_A_TIME = 4;

interface Inner {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly dependsOn: readonly string[];
}

interface InnerAnswer {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object | string;
}

/** Answers a batch. `ask` answers one request. The outer answer is always 200, whatever the inner answers are. */
export async function answerBatch(
  request: GraphRequest,
  ask: (inner: GraphRequest) => Promise<GraphAnswer>,
  fault: FaultSettings['batch'],
): Promise<GraphAnswer> {
  const inner = readBatch(request.body);
  if (typeof inner === 'string') return failure(request, 400, 'BadRequest', inner);
  const answers = new Map<string, InnerAnswer>();
  await inAnyOrder(inner, answers, async (one) => {
    answers.set(one.id, await answerInner(one, answers, ask, request));
  });
  const responses = [...answers.values()];
  if (fault === 'reverse') responses.reverse();
  if (fault === 'omit') responses.shift();
  if (fault === 'double' && responses[0]) responses.push(responses[0]);
  const answer = ok({ responses });
  if (fault === 'html') return { ...answer, body: PAGE };
  const last = responses.at(-1);
  if (fault === 'raw' && last) responses[responses.length - 1] = unavailable(last.id);
  if (!responses.some(({ body }) => body instanceof RawText)) return { ...answer, cut: fault === 'cut' };
  return { ...answer, body: `{"responses":[${responses.map(innerText).join(',')}]}` };
}

function unavailable(id: string): InnerAnswer {
  return { id, status: 503, headers: {}, body: new RawText(TEXTS.unavailable) };
}

/** An inner answer as JSON, or with its raw text in the place of the body: then nobody can read the whole. */
function innerText({ body, ...rest }: InnerAnswer): string {
  if (!(body instanceof RawText)) return JSON.stringify({ ...rest, body });
  return `${JSON.stringify(rest).slice(0, -1)},"body":${body.text}}`;
}

/** Works on four requests at a time. A request with dependencies begins when they are answered. */
async function inAnyOrder(
  requests: readonly Inner[],
  answered: ReadonlyMap<string, unknown>,
  work: (one: Inner) => Promise<void>,
): Promise<void> {
  const waiting = [...requests];
  const atWork = new Set<Promise<void>>();
  while (waiting.length > 0 || atWork.size > 0) {
    const next = waiting.findIndex((one) => one.dependsOn.every((id) => answered.has(id)));
    const [one] = atWork.size < AT_A_TIME && next >= 0 ? waiting.splice(next, 1) : [];
    if (one) {
      const done: Promise<void> = work(one).finally(() => atWork.delete(done));
      atWork.add(done);
    } else await Promise.race(atWork);
  }
}

async function answerInner(
  one: Inner,
  answered: ReadonlyMap<string, InnerAnswer>,
  ask: (inner: GraphRequest) => Promise<GraphAnswer>,
  outer: GraphRequest,
): Promise<InnerAnswer> {
  const failed = one.dependsOn.some((id) => (answered.get(id)?.status ?? 0) >= 400);
  const own: GraphRequest = {
    method: one.method,
    url: one.url,
    headers: { 'client-request-id': outer.headers['client-request-id'], ...one.headers },
    body: one.body,
  };
  const { status, headers, body } = failed
    ? failure(own, 424, 'FailedDependency', 'A request that this one depends on failed.')
    : await ask(own);
  // As at Graph, an inner answer has no request-id header. The id is only in the body of an error.
  const { 'request-id': _, ...rest } = headers;
  return { id: one.id, status, headers: rest, ...(body === undefined ? {} : { body: batchBody(body) }) };
}

/** Like Graph, puts JSON into the batch as it is, and everything else as base64. */
function batchBody(body: object | string): object | string {
  return typeof body === 'string' ? Buffer.from(body).toString('base64') : body;
}

/** The inner requests, or the text of what is wrong with the batch. */
function readBatch(body: unknown): readonly Inner[] | string {
  if (!isRecord(body) || !Array.isArray(body.requests)) return 'Invalid batch payload format.';
  const requests: readonly unknown[] = body.requests;
  if (requests.length === 0) return 'Invalid batch payload format. The batch holds no requests.';
  if (requests.length > LARGEST_BATCH)
    return `Number of batch request steps exceeds the maximum value of ${LARGEST_BATCH}.`;
  const inner: Inner[] = [];
  for (const one of requests) {
    const read = readInner(one);
    if (typeof read === 'string') return read;
    if (inner.some(({ id }) => id.toLowerCase() === read.id.toLowerCase())) {
      return `Request Id ${read.id} has to be unique in a batch.`;
    }
    const unknown = read.dependsOn.find((id) => !inner.some((earlier) => earlier.id === id));
    if (unknown !== undefined) return `Request Id ${read.id} depends on ${unknown}, which does not come before it.`;
    inner.push(read);
  }
  return inner;
}

function readInner(one: unknown): Inner | string {
  if (!isRecord(one)) return 'Invalid batch payload format.';
  const { id, method, url, headers, body, dependsOn } = one;
  if (typeof id !== 'string' || id === '') return 'Request Id is missing in a batch request step.';
  if (typeof method !== 'string') return `The method of batch request step ${id} is missing.`;
  if (typeof url !== 'string' || /^https?:/i.test(url))
    return `The relative url of batch request step ${id} is missing.`;
  const names = Array.isArray(dependsOn) ? dependsOn.map(String) : [];
  const own = isRecord(headers)
    ? Object.entries(headers).map(([key, value]) => [key.toLowerCase(), String(value)])
    : [];
  const path = url.startsWith('/') ? url : `/${url}`;
  return { id, method: method.toUpperCase(), url: path, headers: Object.fromEntries(own), body, dependsOn: names };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
