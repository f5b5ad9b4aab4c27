// A proxy: all that the app and the command line ask goes through it, or past it where NO_PROXY says so.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../src/doctor/examine.ts';
import { ROOT, startApp, startServer } from '../support/localApp.ts';
import { type RecordingProxy, startProxy } from '../support/proxy.ts';
import { startTokenService, type TokenService } from '../support/tokenService.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let tokens: TokenService;

beforeAll(async () => {
  world = await startWorld();
  tokens = await startTokenService(world.tenant.sandbox.url);
});

afterAll(async () => {
  await Promise.all([world.close(), tokens.close()]);
});

const upper = ({ url }: RecordingProxy) => ({ HTTPS_PROXY: url, HTTP_PROXY: url });
const lower = ({ url }: RecordingProxy) => ({ https_proxy: url, http_proxy: url });

// Behind a proxy, the agent of the Azure libraries checks a certificate by name and not by address.
const authority = () => (tokens.settings.AZURE_AUTHORITY_HOST ?? '').replace('127.0.0.1', 'localhost');

function settings(more: Record<string, string>): Record<string, string> {
  const identity = { GRAPH_IDENTITY: 'app-registration', AZURE_CLIENT_SECRET: 'a secret', ...tokens.settings };
  return world.settings({
    PATH: process.env.PATH ?? '',
    ...identity,
    AZURE_AUTHORITY_HOST: authority(),
    ...more,
  });
}

/** Runs the app until its alerts have arrived; answers the hosts of all parts that it needed. */
async function runApp(more: Record<string, string>): Promise<string[]> {
  const got: string[] = [];
  const receiver = await startServer((request, response) => {
    got.push(request.method ?? '');
    request.resume();
    response.end();
  });
  await world.tenant.put('policy', { mechanism: 'none' });
  const app = await startApp(
    settings({
      ALERT_WEBHOOK_URL: receiver,
      HEARTBEAT_URL: receiver,
      AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
      ...more,
    }),
  );
  try {
    expect((await fetch(`${app.host.url}/api/runs`, { method: 'POST' })).status).toBe(202);
    await until(() => expect(new Set(got)).toEqual(new Set(['GET', 'POST'])));
  } finally {
    await app.host.close();
  }
  const { port } = world.emulator;
  const hosts = [receiver, world.tenant.sandbox.url, authority()];
  return [...hosts.map((url) => new URL(url).host), `127.0.0.1:${port + 1}`, `127.0.0.1:${port + 2}`].sort();
}

describe('the app', () => {
  it('reaches Graph, the token service, storage, the webhook and the heartbeat through a proxy', async () => {
    const proxy = await startProxy();
    const hosts = await runApp(upper(proxy));
    expect([...proxy.asked].sort()).toEqual(hosts);
  });

  it('goes past the proxy for the hosts of NO_PROXY', async () => {
    const proxy = await startProxy();
    await runApp({ ...lower(proxy), no_proxy: 'contoso.example,127.0.0.1,localhost' });
    expect([...proxy.asked]).toEqual([]);
  });

  it('loads with a proxy that is no address, and says so without its text', async () => {
    const app = await startApp(settings({ HTTPS_PROXY: 'user:password-17@proxy:8080' }));
    try {
      const { status, body } = await app.get('runs');
      expect(status).toBe(503);
      expect(body).toMatchObject({ faults: ['HTTPS_PROXY is not an http address. Use http://HOST:PORT.'] });
      expect(app.logs.join()).not.toContain('password-17');
    } finally {
      await app.host.close();
    }
  });
});

describe('the doctor', () => {
  it('judges no host by a direct connection, and sends through the proxy', async () => {
    const proxy = await startProxy();
    const receiver = await startServer((_, response) => response.end());
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'doctor', '--json', '--send'], {
      env: settings({ ...upper(proxy), ALERT_WEBHOOK_URL: receiver, HEARTBEAT_URL: receiver }),
    });
    const { checks } = JSON.parse(await text(child.stdout)) as DoctorReport;
    const findings = checks.find(({ name }) => name === 'webhook')?.findings;
    expect(findings).toMatchObject([{ result: 'skipped' }, { result: 'ok' }]);
    expect([...proxy.asked]).toContain(new URL(receiver).host);
  });
});

describe('the command line', () => {
  it.each([upper, lower])('asks Graph and the token service through a proxy', async (variables) => {
    const proxy = await startProxy();
    const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'ask', '--json'], {
      env: settings(variables(proxy)),
    });
    const report = JSON.parse(await text(child.stdout));
    if (child.exitCode === null) await once(child, 'exit');
    expect(report).toMatchObject({ noToken: null });
    const hosts = [world.tenant.sandbox.url, authority()];
    expect([...proxy.asked].sort()).toEqual(hosts.map((url) => new URL(url).host).sort());
  });
});
