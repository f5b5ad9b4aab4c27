// POST runs
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { startRun } from '../runs/startRun.ts';

registerRoute(
  'startRun',
  { route: 'runs', method: 'POST', access: 'run' },
  endpoint({}, async (services, _, request) => {
    const { id } = await startRun(services, 'request');
    const { origin, pathname } = new URL(request.url);
    const scope = request.query.get('scope');
    const query = scope === null ? '' : `?${new URLSearchParams({ scope })}`;
    const location = `${origin}${pathname.replace(/\/$/, '')}/${id}${query}`;
    const answer = json({ id }, 202);
    return { ...answer, headers: { ...answer.headers, location } };
  }),
);
