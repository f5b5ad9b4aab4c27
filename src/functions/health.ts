// GET health
import { endpointOfAll, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { createHealthLook } from '../reads/healthLook.ts';

const look = createHealthLook();

registerRoute(
  'health',
  { route: 'health', method: 'GET', access: 'open' },
  endpointOfAll({}, async (scopes) => {
    const report = await look(scopes);
    return json(report, report.status === 'healthy' ? 200 : 503);
  }),
);
