// POST runs
import { app } from '@azure/functions';
import { endpoint, json } from '../http/endpoint.ts';
import { startRun } from '../runs/startRun.ts';
import { servicesFor } from '../services.ts';

app.http('startRun', {
  route: 'runs',
  methods: ['POST'],
  authLevel: 'function',
  handler: endpoint({}, async (request, context) => {
    const { id } = await startRun(servicesFor(context), 'request');
    const { origin, pathname } = new URL(request.url);
    const answer = json({ id }, 202);
    return { ...answer, headers: { ...answer.headers, location: `${origin}${pathname.replace(/\/$/, '')}/${id}` } };
  }),
});
