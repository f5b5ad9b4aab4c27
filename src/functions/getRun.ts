// GET runs/{id}
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { getRun } from '../reads/runs.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'getRun',
  { route: 'runs/{id}', method: 'GET', access: 'read' },
  endpoint({}, async (request, context) => json(await getRun(servicesFor(context), request.params.id ?? ''))),
);
