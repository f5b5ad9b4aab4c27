// POST runs
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { startRun } from '../runs/startRun.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'startRun',
  { route: 'runs', method: 'POST', access: 'run' },
  endpoint({}, async (request, context) => {
    const { id } = await startRun(servicesFor(context), 'request');
    const { origin, pathname } = new URL(request.url);
    const answer = json({ id }, 202);
    return { ...answer, headers: { ...answer.headers, location: `${origin}${pathname.replace(/\/$/, '')}/${id}` } };
  }),
);
