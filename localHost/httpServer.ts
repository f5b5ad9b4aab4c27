// The HTTP side of the local host: routes, keys, and the platform's own answers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ADMIN_PATH, type AdminSide, answerAdmin } from './adminCalls.ts';
import { answerBrokenRequests, PARSER_LIMIT, statusOfSize } from './brokenRequests.ts';
import type { HttpOutput } from './functionsCore.ts';
import { type Keys, levelOf, opens } from './hostKeys.ts';
import type { HttpInput } from './processMessages.ts';
import { firstValue, type RequestTarget, readTarget } from './requestTarget.ts';
import { findRoute, type Route } from './routes.ts';

export interface HttpFunction {
  readonly name: string;
  readonly authLevel: string;
  readonly isDisabled: boolean;
}

export interface HttpSide {
  readonly routes: readonly Route<HttpFunction>[];
  /** Undefined accepts every call, as Core Tools do on a developer's machine. */
  readonly keys: Keys | undefined;
  readonly admin: AdminSide;
  invoke(name: string, input: HttpInput): Promise<HttpOutput | null>;
  readonly log: (line: string) => void;
}

/** As Microsoft's host limits a body. */
const LARGEST_BODY = 100 * 1024 * 1024;
const DASHBOARD = '/api/dashboard';

/** The server, not yet listening. */
export function createHttpServer(side: HttpSide): Server {
  const server = createServer({ maxHeaderSize: PARSER_LIMIT }, (request, response) => {
    serve(side, request, response).catch((error: Error) => {
      side.log(error.message);
      end(response, 500);
    });
  });
  answerBrokenRequests(server);
  return server;
}

/**
 * 1. Refuse what is too long, or no request.
 * 2. The administrator's calls, and the page at `/`.
 * 3. No route or a wrong method is 404, whatever the key. Then a wrong key is 401. Then a disabled function is 404.
 * 4. Call the function.
 */
async function serve(side: HttpSide, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const tooLong = statusOfSize(request);
  if (tooLong !== undefined) return endAndClose(response, tooLong);
  const target = readTarget(request.url ?? '', request.headersDistinct.host ?? []);
  if (target === null) return endAndClose(response, 400);

  const admin = ADMIN_PATH.exec(target.path);
  if (admin) return serveAdmin(side, request, admin[1], target, response);
  const found = findRoute(side.routes, request.method ?? '', target.path);
  if (!found && target.path === '/') return showHomePage(side, response);
  if (!found) return end(response, 404);
  const { name, authLevel, isDisabled } = found.target;
  const level = levelOf(side.keys, keyOf(request, target), name);
  if (!opens(level, authLevel)) return end(response, 401);
  // The platform runs a disabled function only for the master key. Without keys, disabled means off.
  if (isDisabled && !(side.keys && level === 'admin')) return end(response, 404);

  const body = await readBody(request);
  if (body === null) return endAndClose(response, 413);
  try {
    send(response, await side.invoke(name, toInput(request, target, found.params, body)));
  } catch (error) {
    side.log(`[${name}] failed: ${error instanceof Error ? error.message : String(error)}`);
    end(response, 500);
  }
}

async function serveAdmin(
  { keys, admin }: HttpSide,
  request: IncomingMessage,
  name: string | undefined,
  target: RequestTarget,
  response: ServerResponse,
): Promise<void> {
  const { method = '', headers } = request;
  const level = levelOf(keys, keyOf(request, target));
  const text = (await readBody(request))?.toString() ?? '';
  const call = { method, name, level, contentType: headers['content-type'] ?? '', body: text };
  const { status, body } = answerAdmin(admin, call);
  if (!body) return end(response, status);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** Says that the host runs, and where the app's own page is if it has one. */
function showHomePage({ routes }: HttpSide, response: ServerResponse): void {
  const link = findRoute(routes, 'GET', DASHBOARD) ? ` The page is at <a href="${DASHBOARD}">${DASHBOARD}</a>.` : '';
  const text = `<p>The local host is up and running.${link}</p>`;
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end(`<!doctype html><html lang="en"><title>Mailscope</title>${text}</html>\n`);
}

/** The key of a request. A header wins over the query, even if it is empty or wrong. Of several, the first counts. */
function keyOf({ headersDistinct }: IncomingMessage, target: RequestTarget): string {
  return headersDistinct['x-functions-key']?.[0] ?? firstValue(target, 'code') ?? '';
}

function toInput(
  { method = 'GET', headersDistinct }: IncomingMessage,
  { url, query }: RequestTarget,
  params: Readonly<Record<string, string>>,
  body: Buffer,
): HttpInput {
  return {
    method,
    url,
    // As on the platform, repeated headers and keys are joined by a comma.
    nullableHeaders: nullable(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(',')])),
    nullableQuery: nullable(query.map(([name, values]) => [name, values.join(',')])),
    nullableParams: nullable(Object.entries(params)),
    ...(body.length > 0 ? { body: { bytes: body } } : {}),
  };
}

function nullable(entries: readonly (readonly [string, string])[]): Readonly<Record<string, { value: string }>> {
  return Object.fromEntries(entries.map(([key, value]) => [key, { value }]));
}

/** The whole body; null when it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  // The stream must not be destroyed: its connection carries the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > LARGEST_BODY) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, output: HttpOutput | null): void {
  const { statusCode, headers, body } = output?.http ?? {};
  response.writeHead(Number(statusCode ?? (output?.http ? 200 : 204)), { ...headers });
  response.end(body?.bytes ? Buffer.from(body.bytes) : body?.string);
}

function end(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-length': 0, ...headers });
  response.end();
}

/** Ends the connection too, because the rest of the request may still be on its way. */
function endAndClose(response: ServerResponse, status: number): void {
  end(response, status, { connection: 'close' });
}
