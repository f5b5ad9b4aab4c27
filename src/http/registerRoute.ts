// Registers the HTTP functions. Nothing else makes a handler of an endpoint, and its route says who may call it.
import { app, type HttpMethod } from '@azure/functions';
import { registeredApiAuth } from '../settings/apiAuth.ts';
import { checkAccess } from './access.ts';
import type { Endpoint } from './endpoint.ts';

export function registerRoute({ route, answer }: Endpoint): void {
  const { name, access, method, head } = route;
  const auth = registeredApiAuth();
  // The host answers 404 to a HEAD that no function takes.
  const methods: HttpMethod[] = head ? [method, 'HEAD'] : [method];
  app.http(name, {
    route: route.route,
    methods,
    authLevel: access === 'open' || auth === 'entra' ? 'anonymous' : 'function',
    handler: (request, context) => answer(request, context, () => checkAccess(access, request, auth, process.env)),
  });
}
