// GET health
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { createHealthLook } from '../reads/healthLook.ts';
import { servicesFor } from '../services.ts';

const look = createHealthLook();

registerRoute(
  'health',
  { route: 'health', method: 'GET', access: 'open' },
  endpoint({}, async (_request, context) => {
    const report = await look(servicesFor(context));
    return json(report, report.status === 'healthy' ? 200 : 503);
  }),
);
