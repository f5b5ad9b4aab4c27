// GET scopes
import * as routes from '../api/everyRoute.ts';
import { endpointOfAll } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listScopes } from '../reads/listScopes.ts';

registerRoute(endpointOfAll(routes.listScopes, async (scopes) => ({ body: { value: await listScopes(scopes) } })));
