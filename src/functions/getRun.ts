// GET runs/{id}
import * as routes from '../api/everyRoute.ts';
import { endpoint } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { getRun } from '../reads/runs.ts';

registerRoute(
  endpoint(routes.getRun, async (services, _, { params }) => ({ body: await getRun(services, params.id ?? '') })),
);
