// Serves the sandbox tenant over HTTP: Graph under /v1.0, the identity endpoint under /msi, the switches under
// /sandbox.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { failure, type GraphAnswer, type GraphRequest, RawText } from './answers.ts';
import { answerBatch } from './batchEndpoint.ts';
import { answerGraph, type Caller } from './graphEndpoint.ts';
import { appOfToken, issueToken, NO_IDENTITY } from './identityEndpoint.ts';
import { answerAdmin } from './switches.ts';
import { count, createTenant, type Tenant } from './tenant.ts';

export interface Sandbox {
  /** `http://127.0.0.1:PORT`. It is also the endpoint of Graph. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface SandboxOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** The secret to check the signatures of alerts. */
  readonly webhookSecret?: string | undefined;
}

const LARGEST_BODY = 32 * 1024 * 1024;

/** Starts a new tenant that only this machine can reach. Rejects with the system's error when the port is taken. */
export async function startSandbox({ port, now = Date.now, webhookSecret }: SandboxOptions): Promise<Sandbox> {
  const tenant = createTenant(now, webhookSecret);
  const server = createServer((request, response) => {
    serve(tenant, request, response).catch((error: Error) => {
      console.error(error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address with a port.
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(tenant: Tenant, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '/';
  const [path = ''] = url.split('?', 1);
  if (/^\/v1\.0(\/|$)/i.test(path)) return serveGraph(tenant, request, response);
  const body = await readBody(request);
  if (path.toLowerCase() === '/msi/token') return serveIdentity(tenant, request, response);
  if (path === '/sandbox/webhook') return receive(tenant, request, body, response);
  if (!path.startsWith('/sandbox/')) return sendJson(response, 404, { detail: `Nothing is served at ${path}.` });
  const parsed = parseJson(body);
  if (parsed === BAD_JSON) return sendJson(response, 400, { detail: 'The body is not JSON.' });
  const answer = answerAdmin(tenant, request.method ?? 'GET', path.slice('/sandbox'.length), parsed);
  sendJson(response, answer.status, answer.body);
}

function receive(tenant: Tenant, request: IncomingMessage, body: Buffer | null, response: ServerResponse): void {
  if (request.method === 'POST' && body) tenant.receiver.receive(request, body, response);
  else sendJson(response, 405, { detail: 'Send alerts to this address with POST.' });
}

function serveIdentity(tenant: Tenant, request: IncomingMessage, response: ServerResponse): void {
  count(tenant.requests.byKind, 'token');
  const params = new URLSearchParams(request.url?.split('?')[1] ?? '');
  if (tenant.faults.hitsToken(params.get('client_id') ?? undefined)) {
    const status = tenant.faults.settings.token?.status ?? 500;
    // Status 0 never answers: the socket stays open until the client gives up.
    if (status !== 0) sendJson(response, status, { statusCode: status, message: NO_IDENTITY });
    return;
  }
  const header = request.headers['x-identity-header'];
  const { status, body } = issueToken(
    params,
    header === undefined ? undefined : String(header),
    tenant,
    originOf(request),
  );
  sendJson(response, status, body);
}

async function serveGraph(tenant: Tenant, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (tenant.faults.hitsDrop()) {
    count(tenant.requests.byOutcome, 'network');
    request.socket.destroy();
    return;
  }
  const origin = originOf(request);
  const graphRequest: GraphRequest = {
    method: request.method ?? 'GET',
    url: (request.url ?? '').slice('/v1.0'.length),
    headers: flat(request.headers),
  };
  const app = appOfToken(request.headers.authorization, tenant, origin);
  if (typeof app === 'string') {
    await readBody(request);
    count(tenant.requests.byOutcome, 'token');
    return send(graphRequest, response, failure(graphRequest, 401, 'InvalidAuthenticationToken', app));
  }
  if (/^\/\$batch\/?$/i.test(graphRequest.url.split('?')[0] ?? '')) {
    return send(graphRequest, response, await batch({ tenant, app, origin }, graphRequest, await readBody(request)));
  }
  await readBody(request);
  send(graphRequest, response, await answerGraph({ tenant, app, origin }, graphRequest));
}

async function batch(caller: Caller, request: GraphRequest, body: Buffer | null): Promise<GraphAnswer> {
  const { tenant } = caller;
  count(tenant.requests.byKind, 'batch');
  if (request.method !== 'POST') return failure(request, 405, 'BadRequest', 'A batch needs POST.');
  const parsed = parseJson(body);
  if (parsed === BAD_JSON) return failure(request, 400, 'BadRequest', 'Invalid batch payload format.');
  const ask = (inner: GraphRequest) => answerGraph(caller, inner);
  return answerBatch({ ...request, body: parsed }, ask, tenant.faults.settings.batch);
}

/** Sends Graph's answer with the headers that its gateway adds to every answer. */
function send(request: GraphRequest, response: ServerResponse, answer: GraphAnswer): void {
  const requestId = answer.headers['request-id'] ?? randomUUID();
  const text = textOf(answer.body);
  response.writeHead(answer.status, {
    ...answer.headers,
    'request-id': requestId,
    'client-request-id': request.headers['client-request-id'] ?? requestId,
    'x-ms-ags-diagnostic': DIAGNOSTIC,
    'Content-Length': Buffer.byteLength(text),
  });
  if (!answer.cut) return void response.end(text);
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

function textOf(body: GraphAnswer['body']): string {
  if (body instanceof RawText) return body.text;
  return typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
}

const DIAGNOSTIC = JSON.stringify({
  ServerInfo: { DataCenter: 'Sandbox', Slice: 'E', Ring: '5', ScaleUnit: '001', RoleInstance: 'SANDBOX0001' },
});

function sendJson(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, body ? { 'Content-Type': 'application/json' } : {});
  response.end(body ? JSON.stringify(body) : undefined);
}

const BAD_JSON = Symbol('bad JSON');

function parseJson(body: Buffer | null): unknown {
  if (body === null) return BAD_JSON;
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return BAD_JSON;
  }
}

/** The whole body, unzipped; null when it is too large or is not valid gzip. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length <= LARGEST_BODY) chunks.push(chunk as Buffer);
  }
  if (length > LARGEST_BODY) return null;
  const body = Buffer.concat(chunks);
  if (request.headers['content-encoding'] !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: LARGEST_BODY });
  } catch {
    return null;
  }
}

function flat(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  return {
    'client-request-id': headers['client-request-id'] === undefined ? undefined : String(headers['client-request-id']),
  };
}

function originOf(request: IncomingMessage): string {
  return `http://${request.headers.host ?? '127.0.0.1'}`;
}
