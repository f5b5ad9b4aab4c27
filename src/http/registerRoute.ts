// Registers the HTTP functions. Nothing else makes a handler of an endpoint, and its route says who may call it.
import { app, type HttpMethod, type HttpRequest, type HttpResponseInit } from '@azure/functions';
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

/** Registers a route for files that anybody may read. They hold no data, and are no part of the API. */
export function registerFiles(
  name: string,
  route: string,
  answer: (request: HttpRequest) => Promise<HttpResponseInit>,
): void {
  app.http(name, { route, methods: ['GET', 'HEAD'], authLevel: 'anonymous', handler: answer });
}
