// Who may call: the platform's sign-in, app roles, and pages of other sites.
import { HttpRequest } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import type { Access } from '../../src/api/route.ts';
import { checkAccess } from '../../src/http/access.ts';
import { rolesOfPrincipal } from '../../src/http/principal.ts';
import type { ApiAuth } from '../../src/settings/apiAuth.ts';

const SHORT = 'roles';
const LONG = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
const ON = { WEBSITE_AUTH_ENABLED: 'True' };

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const claim = (typ: unknown, val: unknown) => ({ typ, val });

function principal(roleType: unknown, ...claims: unknown[]): string {
  return encoded({ auth_typ: 'aad', name_typ: 'name', role_typ: roleType, claims });
}

const READER = principal(SHORT, claim(SHORT, 'Mailscope.Read'));
const BOTH = principal(LONG, claim('name', 'A. Person'), claim(LONG, 'Mailscope.Read'), claim(LONG, 'Mailscope.Run'));

function call(
  access: Access,
  headers: Record<string, string>,
  { auth = 'entra', environment = ON }: { auth?: ApiAuth; environment?: Record<string, string> } = {},
): string {
  const method = access === 'run' ? 'POST' : 'GET';
  const request = new HttpRequest({ method, url: 'https://func.azurewebsites.net/api/runs', headers });
  try {
    checkAccess(access, request, auth, environment);
    return 'passes';
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

const signedIn = (header: string, more: Record<string, string> = {}) => ({ 'x-ms-client-principal': header, ...more });

describe('the signed-in account', () => {
  it.each<[string, string | null, readonly string[] | null]>([
    ['nobody', null, null],
    ['an empty header', '', null],
    ['broken Base64', '%%%', null],
    ['two headers in one', `${READER}, ${BOTH}`, null],
    ['Base64 of no JSON', Buffer.from('{"claims":[').toString('base64'), null],
    ['JSON that is no object', encoded('Mailscope.Read'), null],
    ['null', encoded(null), null],
    ['an object without claims', encoded({ role_typ: SHORT }), null],
    ['claims that are no list', encoded({ role_typ: SHORT, claims: { 0: claim(SHORT, 'Mailscope.Read') } }), null],
    ['no claims', principal(SHORT), []],
    ['a principal without a role claim type', principal(undefined, claim(SHORT, 'Mailscope.Read')), []],
    ['an empty role claim type', principal('', claim('', 'Mailscope.Read')), []],
    ['roles in claims of another type', principal(LONG, claim(SHORT, 'Mailscope.Read')), []],
    ['roles in the short type', READER, ['Mailscope.Read']],
    ['several roles in the long type', BOTH, ['Mailscope.Read', 'Mailscope.Run']],
    ['a type of the principal’s own', principal('wids', claim('wids', 'Mailscope.Run')), ['Mailscope.Run']],
    ['claims that are none', principal(SHORT, null, 1, claim(SHORT, 7), claim(SHORT, 'x')), ['x']],
    ['a huge header', principal(SHORT, ...Array(20_000).fill(claim('groups', 'g')), claim(SHORT, 'x')), ['x']],
  ])('%s', (_, header, roles) => {
    expect(rolesOfPrincipal(header)).toEqual(roles);
  });
});

describe('with API_AUTH entra', () => {
  it.each<[string, Access, Record<string, string>, string]>([
    ['nobody signed in', 'read', {}, 'sign-in-required'],
    ['a function key alone', 'read', { 'x-functions-key': 'key' }, 'sign-in-required'],
    [
      'a name without a principal',
      'read',
      { 'x-ms-client-principal-name': 'admin@contoso.example' },
      'sign-in-required',
    ],
    ['a broken principal', 'run', signedIn('%%%'), 'sign-in-required'],
    ['a guest without roles', 'read', signedIn(principal(SHORT, claim('idp', 'live.com'))), 'role-missing'],
    [
      'a guest with the role',
      'read',
      signedIn(principal(SHORT, claim('idp', 'x'), claim(SHORT, 'Mailscope.Read'))),
      'passes',
    ],
    ['a role in another case', 'read', signedIn(principal(SHORT, claim(SHORT, 'mailscope.read'))), 'role-missing'],
    [
      'a role that only begins alike',
      'read',
      signedIn(principal(SHORT, claim(SHORT, 'Mailscope.Read.All'))),
      'role-missing',
    ],
    [
      'two roles in one value',
      'read',
      signedIn(principal(SHORT, claim(SHORT, 'Mailscope.Read,Mailscope.Run'))),
      'role-missing',
    ],
    ['a reader who reads', 'read', signedIn(READER), 'passes'],
    ['a reader who starts a run', 'run', signedIn(READER), 'role-missing'],
    ['who may run, and reads', 'read', signedIn(principal(SHORT, claim(SHORT, 'Mailscope.Run'))), 'role-missing'],
    ['both roles', 'run', signedIn(BOTH), 'passes'],
    ['health', 'open', {}, 'passes'],
  ])('%s: %s', (_, access, headers, result) => {
    expect(call(access, headers)).toBe(result);
  });

  it.each([{}, { WEBSITE_AUTH_ENABLED: 'False' }, { WEBSITE_AUTH_ENABLED: 'true' }, { WEBSITE_AUTH_ENABLED: '1' }])(
    'a header proves nothing where the sign-in is off: %j',
    (environment) => {
      expect(call('read', signedIn(BOTH), { environment: environment as Record<string, string> })).toBe('sign-in-off');
      expect(call('run', {}, { environment: environment as Record<string, string> })).toBe('sign-in-off');
      expect(call('open', {}, { environment: environment as Record<string, string> })).toBe('passes');
    },
  );
});

describe('with API_AUTH key', () => {
  it('the platform has asked for the key, and no principal counts', () => {
    expect(call('read', {}, { auth: 'key', environment: {} })).toBe('passes');
    expect(call('run', signedIn('%%%'), { auth: 'key' })).toBe('passes');
  });
});

describe('a POST', () => {
  it.each<[Record<string, string>, string]>([
    [{}, 'passes'],
    [{ 'sec-fetch-site': 'same-origin' }, 'passes'],
    [{ 'sec-fetch-site': 'none' }, 'passes'],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://front.contoso.example' }, 'passes'],
    [{ 'sec-fetch-site': 'cross-site' }, 'cross-site'],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://func.azurewebsites.net' }, 'cross-site'],
    [{ 'sec-fetch-site': 'same-site' }, 'cross-site'],
    [{ 'sec-fetch-site': '' }, 'cross-site'],
    [{ origin: 'https://func.azurewebsites.net' }, 'passes'],
    [{ origin: 'https://other.azurewebsites.net' }, 'cross-site'],
    [{ origin: 'https://func.azurewebsites.net.evil.example' }, 'cross-site'],
    [{ origin: 'null' }, 'cross-site'],
    [{ origin: '' }, 'cross-site'],
  ])('with %j: %s', (headers, result) => {
    expect(call('run', signedIn(BOTH, headers))).toBe(result);
    expect(call('run', headers, { auth: 'key' })).toBe(result);
    expect(call('read', signedIn(BOTH, headers))).toBe('passes');
  });
});
