// GET health
import * as routes from '../api/everyRoute.ts';
import { endpointOfAll } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { createHealthLook } from '../reads/healthLook.ts';

const look = createHealthLook();

registerRoute(
  endpointOfAll(routes.health, async (scopes) => {
    const body = await look(scopes);
    return { body, status: body.status === 'healthy' ? 200 : 503 };
  }),
);
