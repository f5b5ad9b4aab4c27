// Registers the HTTP functions. Each says who may call it, and nothing else makes a handler of an endpoint.
import { app } from '@azure/functions';
import { registeredApiAuth } from '../settings/apiAuth.ts';
import { type Access, checkAccess } from './access.ts';
import type { Endpoint } from './endpoint.ts';

/** The path below `/api`. Whatever changes something needs the role for it. */
type RouteOptions =
  | { readonly route: string; readonly method: 'GET'; readonly access: Exclude<Access, 'run'> }
  | { readonly route: string; readonly method: 'POST'; readonly access: 'run' };

export function registerRoute(name: string, { route, method, access }: RouteOptions, endpoint: Endpoint): void {
  const auth = registeredApiAuth();
  app.http(name, {
    route,
    methods: [method],
    authLevel: access === 'open' || auth === 'entra' ? 'anonymous' : 'function',
    handler: (request, context) => endpoint(request, context, () => checkAccess(access, request, auth, process.env)),
  });
}
