// The sandbox tenant with several apps, and with all kinds of mailbox data.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sandboxCommand } from '../../sandbox/sandboxCommand.ts';
import { type Switches, startTenant } from '../support/localApp.ts';

const SUPPORT = 'support@contoso.example';
const CCH = 'cch@contoso.example';
const CRM = '5f0c1d2e-0000-4000-a000-0000000000c1';
const HR = '5f0c1d2e-0000-4000-a000-0000000000c2';

const PATHS = {
  mail: 'mailFolders/inbox/messages?$top=1&$select=id&$orderby=receivedDateTime desc',
  calendar: 'calendar/events?$top=1&$select=id',
  contacts: 'contacts?$top=1&$select=id',
  settings: 'mailboxSettings?$select=timeZone',
} as const;
type Resource = keyof typeof PATHS;
const RESOURCES = Object.keys(PATHS) as Resource[];

const ROLE: Readonly<Record<Resource, string>> = {
  mail: 'Mail.ReadBasic',
  calendar: 'Calendars.ReadBasic.All',
  contacts: 'Contacts.Read',
  settings: 'MailboxSettings.Read',
};

interface Body {
  readonly error?: { readonly code: string; readonly message: string };
  readonly responses?: readonly { readonly id: string; readonly status: number }[];
  readonly [field: string]: unknown;
}

let tenant: Switches;

beforeEach(async () => {
  tenant = await startTenant();
});

afterEach(() => tenant.sandbox.close());

function askForToken(clientId?: string): Promise<Response> {
  const named = clientId === undefined ? '' : `&client_id=${clientId}`;
  const url = `${tenant.sandbox.url}/msi/token?resource=https://graph.microsoft.com&api-version=2019-08-01${named}`;
  return fetch(url, { headers: { 'x-identity-header': 'sandbox' } });
}

async function tokenOf(clientId?: string): Promise<string> {
  const answer = (await (await askForToken(clientId)).json()) as { readonly access_token: string };
  return answer.access_token;
}

async function call(token: string, path: string, body?: object): Promise<{ status: number; body: Body }> {
  const url = `${tenant.sandbox.url}/v1.0${path}`;
  const post = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  const response = await fetch(url, { ...post, headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as Body };
}

const read = (token: string, mailbox: string, resource: Resource) =>
  call(token, `/users/${mailbox}/${PATHS[resource]}`);

async function statuses(token: string, mailbox: string): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (const resource of RESOURCES) seen[resource] = (await read(token, mailbox, resource)).status;
  return seen;
}

const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
const state = async () =>
  (await (await fetch(`${tenant.sandbox.url}/sandbox/state`)).json()) as Record<string, unknown>;

const ALL = { mail: 200, calendar: 200, contacts: 200, settings: 200 };
const NONE = { mail: 403, calendar: 403, contacts: 403, settings: 403 };

describe('an app', () => {
  it('is the same one under every id, until apps are listed', async () => {
    const token = await tokenOf(CRM);
    expect(claims(token)).toMatchObject({ appid: CRM, roles: ['Mail.ReadBasic.All'] });
    expect((await read(token, SUPPORT, 'mail')).status).toBe(200);
    await tenant.put('roles', { app: CRM, roles: ['Mail.Read'] });
    expect(claims(await tokenOf()).roles).toEqual(['Mail.Read']);
    expect((await state()).apps).toEqual({});
  });

  it('that is listed has a token, no role and no mechanism of its own, and others get a 400', async () => {
    await tenant.put('apps', { apps: [CRM] });
    expect(claims(await tokenOf(CRM.toUpperCase())).roles).toEqual([]);
    expect(claims(await tokenOf()).roles).toEqual(['Mail.ReadBasic.All']);
    const refused = await askForToken(HR);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ message: 'Unable to load the proper Managed Identity.' });
    expect(await state()).toMatchObject({
      policy: { mechanism: 'application-access-policy', members: [SUPPORT] },
      apps: { [CRM]: { policy: { mechanism: 'none', members: [] }, roles: [] } },
    });
  });

  it('keeps roles and policy of its own while it stays on the list', async () => {
    await tenant.put('apps', { apps: [CRM, HR] });
    await tenant.put('roles', { app: CRM, roles: ['Calendars.Read'], tokenLifetimeSeconds: 60 });
    await tenant.put('policy', { app: HR, mechanism: 'rbac', members: [CCH], resources: ['contacts'] });
    await tenant.put('apps', { apps: [HR, CRM] });
    const [crm, hr] = [await tokenOf(CRM), await tokenOf(HR)];
    expect(claims(crm).exp - claims(crm).iat).toBe(60);
    expect(await statuses(crm, CCH)).toEqual({ ...NONE, calendar: 200 });
    expect(await statuses(hr, CCH)).toEqual({ ...NONE, contacts: 200 });
    expect(await statuses(await tokenOf(), CCH)).toEqual(NONE);
    expect((await state()).apps).toMatchObject({ [HR]: { policy: { resources: ['contacts'] } } });
  });

  it('that was taken from the list has tokens that no longer work, and begins anew when it comes back', async () => {
    await tenant.put('apps', { apps: [CRM] });
    await tenant.put('roles', { app: CRM, roles: ['Mail.Read'] });
    const token = await tokenOf(CRM);
    expect((await read(token, CCH, 'mail')).status).toBe(200);
    await tenant.put('apps', { apps: [] });
    const after = await read(token, CCH, 'mail');
    expect([after.status, after.body.error?.code]).toEqual([401, 'InvalidAuthenticationToken']);
    expect((await askForToken(CRM)).status).toBe(400);
    await tenant.put('apps', { apps: [CRM] });
    expect((await read(token, CCH, 'mail')).status).toBe(403);
  });

  it('has four requests of its own in a mailbox', async () => {
    await tenant.put('apps', { apps: [CRM] });
    await tenant.put('roles', { app: CRM, roles: ['Mail.Read'] });
    const [own, crm] = [await tokenOf(), await tokenOf(CRM)];
    await tenant.put('faults', { latencyMs: 100 });
    const four = (token: string) => Array.from({ length: 4 }, () => read(token, SUPPORT, 'mail'));
    const seen = await Promise.all([...four(own), ...four(crm)]);
    expect(seen.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect((await read(own, SUPPORT, 'mail')).status).toBe(200);
  });

  it('can be the only one whose tokens fail', async () => {
    await tenant.put('apps', { apps: [CRM, HR] });
    await tenant.put('faults', { token: { status: 500, app: CRM } });
    expect([(await askForToken(CRM)).status, (await askForToken(HR)).status, (await askForToken()).status]).toEqual([
      500, 200, 200,
    ]);
  });

  it.each<[string, object, string]>([
    ['policy', { app: 'unknown', mechanism: 'none' }, 'app'],
    ['roles', { app: 'unknown', roles: [] }, 'app'],
    ['apps', { apps: [''] }, 'apps'],
    ['apps', { apps: ['two words'] }, 'apps'],
    ['apps', {}, 'apps'],
    ['policy', { mechanism: 'rbac', resources: ['notes'] }, 'resources'],
    ['policy', { mechanism: 'none', resources: ['mail'] }, 'resources'],
  ])('is refused in a bad body for %s: %j', async (path, body, field) => {
    await tenant.put('apps', { apps: [CRM] });
    const response = await tenant.put(path, body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { readonly detail: string }).detail).toContain(field);
  });
});

describe('the kinds of data', () => {
  it.each(RESOURCES)('%s: its read role opens it, and nothing else', async (resource) => {
    await tenant.put('policy', { mechanism: 'none' });
    await tenant.put('roles', { roles: [ROLE[resource]] });
    expect(await statuses(await tokenOf(), CCH)).toEqual({ ...NONE, [resource]: 200 });
  });

  it('are all limited by an application access policy', async () => {
    await tenant.put('roles', { roles: Object.values(ROLE) });
    const token = await tokenOf();
    expect(await statuses(token, SUPPORT)).toEqual(ALL);
    expect(await statuses(token, CCH)).toEqual(NONE);
    expect((await read(token, CCH, 'settings')).body.error?.message).toContain('[RAOP]');
  });

  it('are opened by RBAC one by one, all of them by default, and by a role in the token for everybody', async () => {
    await tenant.put('roles', { roles: [] });
    await tenant.put('policy', { mechanism: 'rbac', members: [SUPPORT], resources: ['calendar', 'settings'] });
    const token = await tokenOf();
    expect(await statuses(token, SUPPORT)).toEqual({ ...NONE, calendar: 200, settings: 200 });
    await tenant.put('policy', { members: [CCH] });
    expect(await statuses(token, CCH)).toEqual({ ...NONE, calendar: 200, settings: 200 });
    await tenant.put('roles', { roles: ['Contacts.ReadWrite'] });
    expect(await statuses(token, SUPPORT)).toEqual({ ...NONE, contacts: 200 });
    await tenant.put('policy', { mechanism: 'rbac', members: [SUPPORT] });
    expect(await statuses(token, SUPPORT)).toEqual(ALL);
  });

  it('are known in a batch too, and counted by kind', async () => {
    await tenant.put('roles', { roles: [ROLE.calendar] });
    const urls = RESOURCES.map((resource) => `/users/${SUPPORT}/${PATHS[resource]}`);
    const requests = urls.map((url, index) => ({ id: RESOURCES[index], method: 'GET', url }));
    const { body } = await call(await tokenOf(), '/$batch', { requests });
    expect(Object.fromEntries((body.responses ?? []).map(({ id, status }) => [id, status]))).toEqual({
      ...NONE,
      calendar: 200,
    });
    const { requests: counted } = await tenant.state();
    expect(counted.byKind).toEqual({ token: 1, batch: 1, messages: 1, events: 1, contacts: 1, mailboxSettings: 1 });
  });

  it.each<[Resource, string, object]>([
    ['calendar', 'calendar/events', { value: [{ subject: 'Review with Support', organizer: expect.anything() }] }],
    ['calendar', 'events?$select=subject', { value: [{ subject: 'Review with Support', id: expect.any(String) }] }],
    ['contacts', 'contacts', { value: [{ displayName: 'Customer of Support', id: expect.any(String) }] }],
    ['settings', 'mailboxSettings', { timeZone: 'Pacific Standard Time', language: { locale: 'en-US' } }],
  ])('%s: %s has the shape of Graph’s', async (resource, path, shape) => {
    await tenant.put('roles', { roles: [ROLE[resource]] });
    const { status, body } = await call(await tokenOf(), `/users/${SUPPORT}/${path}`);
    expect(status).toBe(200);
    expect(body).toMatchObject(shape);
    expect(body['@odata.context']).toContain(`/v1.0/$metadata#users('support%40contoso.example')/`);
  });

  it('show only what was selected, and no body to Calendars.ReadBasic', async () => {
    await tenant.put('roles', { roles: [ROLE.settings, ROLE.calendar] });
    const token = await tokenOf();
    const { body } = await read(token, SUPPORT, 'settings');
    expect(Object.keys(body)).toEqual(['@odata.context', 'timeZone']);
    const bodies = async () => (await call(token, `/users/${SUPPORT}/calendar/events?$select=body`)).body.value;
    expect(await bodies()).toEqual([{ '@odata.etag': expect.any(String), id: expect.any(String) }]);
    await tenant.put('roles', { roles: ['Calendars.Read'] });
    expect(await bodies()).toMatchObject([{ body: { content: 'Agenda' } }]);
  });

  it('are empty lists in an empty mailbox, which still has settings', async () => {
    await tenant.put('policy', { members: ['hr@contoso.example'] });
    await tenant.put('roles', { roles: Object.values(ROLE) });
    const token = await tokenOf();
    for (const resource of ['mail', 'calendar', 'contacts'] as const) {
      expect((await read(token, 'hr@contoso.example', resource)).body.value).toEqual([]);
    }
    expect((await read(token, 'hr@contoso.example', 'settings')).body.timeZone).toBe('Pacific Standard Time');
  });

  it.each([
    ['contacts?$filter=surname eq 1', 400],
    ['calendar/events?$select=foo', 400],
    ['calendar/events?$skiptoken=x', 400],
    ['mailboxSettings?$top=1', 400],
    ['mailboxSettings?$select=foo', 400],
    ['contacts/1', 400],
  ])('refuse %s with %i', async (path, status) => {
    await tenant.put('roles', { roles: Object.values(ROLE) });
    expect((await call(await tokenOf(), `/users/${SUPPORT}/${path}`)).status).toBe(status);
  });

  it.each(RESOURCES)('%s: answers 404 for a mailbox that is not there', async (resource) => {
    const token = await tokenOf();
    expect((await read(token, 'gone@contoso.example', resource)).body.error?.code).toBe('ErrorInvalidUser');
    expect((await read(token, 'unlicensed@contoso.example', resource)).body.error?.code).toBe(
      'MailboxNotEnabledForRESTAPI',
    );
  });
});

describe('npm run sandbox', () => {
  const run = (...words: readonly string[]) => sandboxCommand([...words, '--sandbox-port', `${tenant.sandbox.port}`]);

  it('makes an app, gives it roles, and limits it', async () => {
    expect(await run('apps', CRM, HR)).toBe(0);
    expect(await run('roles', 'Calendars.Read', '--app', CRM)).toBe(0);
    const token = await tokenOf(CRM);
    expect((await read(token, CCH, 'calendar')).status).toBe(200);
    expect(await run('policy', 'restore', '--app', CRM)).toBe(0);
    expect((await read(token, CCH, 'calendar')).status).toBe(403);
    expect(await run('allow', CCH, '--app', CRM.toUpperCase())).toBe(0);
    expect((await read(token, CCH, 'calendar')).status).toBe(200);
    expect(await run('roles', '--app', CRM)).toBe(0);
    expect(await run('policy', 'rbac', 'contacts', '--app', CRM)).toBe(0);
    expect(await statuses(token, CCH)).toEqual({ ...NONE, contacts: 200 });
    expect(await run('fault', 'token', '500', '--app', CRM)).toBe(0);
    expect([(await askForToken(CRM)).status, (await askForToken(HR)).status]).toEqual([500, 200]);
    expect(await state()).toMatchObject({ policy: { mechanism: 'application-access-policy', members: [SUPPORT] } });
  });

  it.each([
    [['deliver', SUPPORT, 'Hello', '--app', CRM], 2],
    [['state', '--app', CRM], 2],
    [['roles', 'Mail.Read', '--app', HR], 1],
    [['allow', CCH, '--app', HR], 1],
    [['policy', 'rbac', 'notes'], 1],
  ])('ends with an error for %j', async (words, code) => {
    await tenant.put('apps', { apps: [CRM] });
    expect(await run(...words)).toBe(code);
  });
});
