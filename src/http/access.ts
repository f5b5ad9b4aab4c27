// Who may call a route. With API_AUTH `key` the platform asks for a function key; with `entra` this file decides.
import type { HttpRequest } from '@azure/functions';
import { type Access, ROLES } from '../api/route.ts';
import { MailscopeError } from '../errors.ts';
import { type ApiAuth, isSignInOn } from '../settings/apiAuth.ts';
import type { Environment } from '../settings/settings.ts';
import { rolesOfPrincipal } from './principal.ts';

export type Caller = Pick<HttpRequest, 'method' | 'url' | 'headers'>;

/** @throws MailscopeError `cross-site`, `sign-in-off`, `sign-in-required` or `role-missing` */
export function checkAccess(access: Access, caller: Caller, auth: ApiAuth, environment: Environment): void {
  if (caller.method === 'POST' && isFromAnotherSite(caller))
    throw new MailscopeError(
      'cross-site',
      'A page of another site sent this request. Send it from the app’s own page.',
    );
  if (access === 'open' || auth === 'key') return;
  if (!isSignInOn(environment)) {
    const text =
      'API_AUTH is entra, but the sign-in of the platform is off for this app. Turn it on, or set API_AUTH to key.';
    throw new MailscopeError('sign-in-off', text);
  }
  const roles = rolesOfPrincipal(caller.headers.get('x-ms-client-principal'));
  if (roles === null) {
    const text = 'Nobody is signed in. Sign in at /.auth/login/aad, or send a token of Microsoft Entra for this app.';
    throw new MailscopeError('sign-in-required', text);
  }
  if (roles.includes(ROLES[access])) return;
  const text = `The signed-in account lacks the app role ${ROLES[access]}. Assign it in the enterprise application.`;
  throw new MailscopeError('role-missing', text);
}

/**
 * Whether a browser sent the request for a page of another origin: it would carry the cookie of whoever is signed in.
 * Programs send neither header. `none` is an address that a person typed ("Fetch Metadata Request Headers").
 */
function isFromAnotherSite({ url, headers }: Caller): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site !== 'same-origin' && site !== 'none';
  const origin = headers.get('origin');
  // The app may not know that it is served over https, so only hosts are compared.
  return origin !== null && URL.parse(origin)?.host !== new URL(url).host;
}
