// Small real servers, and the app over real HTTP with a sandbox tenant.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';

/** The secret of the tenant's receiver. */
export const WEBHOOK_SECRET = 'whsec_c2VjcmV0IG9mIHRoZSBzYW5kYm94';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A server on a free port of this machine. It closes at the end of the test. */
export async function startServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Settings with `url` for Graph and for the identity. */
export function settingsFor(graphUrl: string, identityUrl = graphUrl): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    ALLOWED_MAILBOXES:
      "support@contoso.example hr@contoso.example unlicensed@contoso.example gone@contoso.example o'brien@contoso.example plus+tag@contoso.example",
    DENIED_MAILBOXES: 'cch@contoso.example',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    GRAPH_ENDPOINT: graphUrl,
    IDENTITY_ENDPOINT: `${identityUrl}/msi/token`,
    IDENTITY_HEADER: 'sandbox',
  };
}

export interface App {
  readonly host: LocalHost;
  readonly logs: string[];
  get(
    path: string,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }>;
}

/** Starts the built bundle with the local host. The caller closes `host`. */
export async function startApp(env: NodeJS.ProcessEnv, withKeys = false): Promise<App> {
  const logs: string[] = [];
  const host = await startLocalHost({ root: ROOT, port: 0, env, withKeys, log: (line) => logs.push(line) });
  return {
    host,
    logs,
    async get(path) {
      const response = await fetch(`${host.url}/api/${path}`);
      const text = await response.text();
      // Without the header the answer would not be compared with the OpenAPI document. The platform's own have no body.
      if (text !== '' && !response.headers.has('x-ms-request-id')) throw new Error(`no x-ms-request-id: ${text}`);
      return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
    },
  };
}

export interface Switches {
  readonly sandbox: Sandbox;
  put(path: string, body: object): Promise<Response>;
  post(path: string, body: object): Promise<Response>;
  state(): Promise<{ readonly requests: Record<'byKind' | 'byOutcome' | 'byMailbox', Record<string, number>> }>;
}

/** Starts a new tenant. The caller closes `sandbox`. */
export async function startTenant(): Promise<Switches> {
  const sandbox = await startSandbox({ port: 0, webhookSecret: WEBHOOK_SECRET });
  const send = (method: string) => (path: string, body: object) =>
    fetch(`${sandbox.url}/sandbox/${path}`, { method, body: JSON.stringify(body) });
  return {
    sandbox,
    put: send('PUT'),
    post: send('POST'),
    state: async () =>
      (await (await fetch(`${sandbox.url}/sandbox/state`)).json()) as Awaited<ReturnType<Switches['state']>>,
  };
}
