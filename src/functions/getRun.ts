// GET runs/{id}
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { getRun } from '../reads/runs.ts';

registerRoute(
  'getRun',
  { route: 'runs/{id}', method: 'GET', access: 'read' },
  endpoint({}, async (services, _, { params }) => json(await getRun(services, params.id ?? ''))),
);
