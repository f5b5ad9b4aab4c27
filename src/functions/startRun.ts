// POST runs
import * as routes from '../api/everyRoute.ts';
import { endpoint } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { startRun } from '../runs/startRun.ts';

/** A small run takes this long. */
const LOOK_AFTER_SECONDS = 2;

registerRoute(
  endpoint(routes.startRun, async (services, _, request) => {
    const { id } = await startRun(services, 'request');
    const { origin, pathname } = new URL(request.url);
    const scope = request.query.get('scope');
    const query = scope === null ? '' : `?${new URLSearchParams({ scope })}`;
    const location = `${origin}${pathname.replace(/\/$/, '')}/${id}${query}`;
    const headers = { location, 'operation-location': location, 'retry-after': String(LOOK_AFTER_SECONDS) };
    return { body: { id }, headers };
  }),
);
