// The HTTP side of the local host: routes, keys, calls of the administrator, and the platform's own answers.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HttpOutput } from './functionsCore.ts';
import type { HttpInput } from './processMessages.ts';
import { findRoute, type Route } from './routes.ts';

/** The keys of a host. The host key opens every function. The master key also opens calls of the administrator. */
export interface Keys {
  readonly master: string;
  readonly host: string;
  readonly functions: Readonly<Record<string, string>>;
}

export interface HttpFunction {
  readonly name: string;
  readonly authLevel: string;
}

export interface HttpSide {
  readonly routes: readonly Route<HttpFunction>[];
  /** Undefined accepts every call, as Core Tools do on a developer's machine. */
  readonly keys: Keys | undefined;
  invoke(name: string, input: HttpInput): Promise<HttpOutput | null>;
  /** Runs a function without an HTTP trigger; false when there is none with this name. */
  runNow(name: string, input: string): boolean;
  readonly log: (line: string) => void;
}

const LARGEST_BODY = 10 * 1024 * 1024;

/** The server, not yet listening. */
export function createHttpServer(side: HttpSide): Server {
  return createServer((request, response) => {
    serve(side, request, response).catch((error: Error) => {
      side.log(error.message);
      end(response, 500);
    });
  });
}

async function serve(side: HttpSide, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET';
  const url = URL.parse(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
  // The raw path: URL resolves `..` and its encodings, but the function must see and refuse them.
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (!url || hasBadEscape(path)) return end(response, 400);

  const admin = /^\/admin\/functions\/([^/]+)$/i.exec(path);
  if (admin) return serveAdmin(side, request, admin[1] ?? '', keyOf(request, url), response);
  const found = findRoute(side.routes, method, path);
  if (!found) return end(response, 404);
  const { name, authLevel } = found.target;
  if (!mayCall(side.keys, name, authLevel, keyOf(request, url))) return end(response, 401);

  const body = await readBody(request);
  if (body === null) return end(response, 413);
  try {
    send(response, await side.invoke(name, toInput(request, url, found.params, body)));
  } catch (error) {
    side.log(`[${name}] failed: ${error instanceof Error ? error.message : String(error)}`);
    end(response, 500);
  }
}

/** Runs a function without an HTTP trigger. Its message is in `{"input": "…"}`. */
async function serveAdmin(
  side: HttpSide,
  request: IncomingMessage,
  name: string,
  key: string,
  response: ServerResponse,
): Promise<void> {
  if (side.keys && !same(key, side.keys.master)) return end(response, 401);
  if (request.method !== 'POST') return end(response, 405);
  const body = await readBody(request);
  end(response, side.runNow(name, inputIn(body?.toString() ?? '')) ? 202 : 404);
}

function inputIn(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'input' in body ? String(body.input) : '';
  } catch {
    // A timer needs no body.
    return '';
  }
}

function mayCall(keys: Keys | undefined, name: string, authLevel: string, key: string): boolean {
  if (!keys || authLevel === 'anonymous' || same(key, keys.master)) return true;
  return authLevel === 'function' && (same(key, keys.host) || same(key, keys.functions[name] ?? ''));
}

function same(given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(key)];
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}

function keyOf(request: IncomingMessage, url: URL): string {
  const header = request.headers['x-functions-key'];
  return typeof header === 'string' ? header : (url.searchParams.get('code') ?? '');
}

function toInput(
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
  body: Buffer,
): HttpInput {
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
  // As on the platform, repeated keys are joined by a comma.
  const query = [...new Set(url.searchParams.keys())].map((key): [string, string] => [
    key,
    url.searchParams.getAll(key).join(','),
  ]);
  return {
    method: request.method ?? 'GET',
    url: url.href,
    nullableHeaders: nullable(headers),
    nullableQuery: nullable(query),
    nullableParams: nullable(Object.entries(params)),
    ...(body.length > 0 ? { body: { bytes: body } } : {}),
  };
}

function nullable(entries: readonly (readonly [string, string])[]): Readonly<Record<string, { value: string }>> {
  return Object.fromEntries(entries.map(([key, value]) => [key, { value }]));
}

function hasBadEscape(path: string): boolean {
  try {
    // On the platform, a path with a NUL does not reach a function either.
    return decodeURIComponent(path).includes('\0');
  } catch {
    return true;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
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

function end(response: ServerResponse, status: number): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-length': 0 });
  response.end();
}
