// API_AUTH over real HTTP: the built bundle in the local host, and the headers that the platform would set.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVERY_ROUTE } from '../../src/api/everyRoute.ts';
import { type App, startApp } from '../support/localApp.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

const roles = (...names: string[]) => {
  const claims = names.map((val) => ({ typ: 'roles', val }));
  const principal = { auth_typ: 'aad', name_typ: 'name', role_typ: 'roles', claims };
  return { 'x-ms-client-principal': Buffer.from(JSON.stringify(principal)).toString('base64') };
};

/** Calls every route with some headers; answers the different statuses and codes. */
async function callAll(app: App, headers: Record<string, string>, method: 'GET' | 'POST' = 'GET') {
  const behindAKey = EVERY_ROUTE.filter((route) => route.access !== 'open' && route.method === method);
  const paths = behindAKey.map(({ route }) => route.replace(/\{\w+\}/, 'x'));
  const answers = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(`${app.host.url}/api/${path}`, { method, headers });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.endsWith('json');
      return `${response.status} ${isJson ? (JSON.parse(text).code ?? 'answers') : text === '' ? '' : 'answers'}`;
    }),
  );
  return [...new Set(answers)].sort();
}

async function withApp(env: Record<string, string>, test: (app: App) => Promise<void>, withKeys = true) {
  const app = await startApp({ ...world.settings(env), PATH: process.env.PATH }, withKeys);
  try {
    await test(app);
  } finally {
    await app.host.close();
  }
}

describe('API_AUTH entra', () => {
  it('asks for the app roles, and for no key', () =>
    withApp({ API_AUTH: 'entra', WEBSITE_AUTH_ENABLED: 'True' }, async (app) => {
      expect(await callAll(app, {})).toEqual(['401 sign-in-required']);
      expect(await callAll(app, {}, 'POST')).toEqual(['401 sign-in-required']);
      expect(await callAll(app, { 'x-functions-key': app.host.keys?.master ?? '' })).toEqual(['401 sign-in-required']);
      expect(await callAll(app, roles())).toEqual(['403 role-missing']);
      expect(await callAll(app, roles('Mailscope.Run'))).toEqual(['403 role-missing']);
      const reader = roles('Mailscope.Read');
      expect(await callAll(app, reader)).toEqual(['200 answers', '400 mailbox-invalid', '404 not-found']);
      expect(await callAll(app, reader, 'POST')).toEqual(['403 role-missing']);
      const runner = roles('Other', 'Mailscope.Run');
      const otherSite = { ...runner, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      expect(await callAll(app, otherSite, 'POST')).toEqual(['403 cross-site']);
      expect(await callAll(app, { ...runner, origin: app.host.url }, 'POST')).toEqual(['202 answers']);
      expect((await app.get('health')).status).not.toBe(401);
      expect((await app.get('openapi.json')).status).toBe(200);
    }));

  it('trusts no header where the platform’s sign-in is off', () =>
    withApp({ API_AUTH: 'entra' }, async (app) => {
      expect(await callAll(app, roles('Mailscope.Read', 'Mailscope.Run'))).toEqual(['503 sign-in-off']);
      expect(await callAll(app, roles('Mailscope.Read', 'Mailscope.Run'), 'POST')).toEqual(['503 sign-in-off']);
      expect(await app.get('health')).toMatchObject({ body: { problems: [{ code: 'no-run-yet' }] } });
    }));
});

describe('API_AUTH of any other value', () => {
  it.each(['Entra', 'entra ', 'none', 'anonymous'])('asks for a key, and is a fault: "%s"', (value) =>
    withApp({ API_AUTH: value, WEBSITE_AUTH_ENABLED: 'True' }, async (app) => {
      expect(await callAll(app, roles('Mailscope.Read', 'Mailscope.Run'))).toEqual(['401 ']);
      const keyed = { 'x-functions-key': app.host.keys?.host ?? '' };
      expect(await callAll(app, keyed)).toContain('503 configuration-invalid');
      expect(await app.get('health')).toMatchObject({
        status: 503,
        body: { problems: [{ code: 'configuration-invalid', setting: 'API_AUTH', fault: 'malformed' }] },
      });
    }),
  );

  it('as key is as without it', () =>
    withApp({ API_AUTH: 'key' }, async (app) => {
      expect(await callAll(app, {})).toEqual(['401 ']);
      expect(await callAll(app, { 'x-functions-key': app.host.keys?.host ?? '' })).toContain('200 answers');
    }));
});
