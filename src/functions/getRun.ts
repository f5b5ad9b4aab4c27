// GET runs/{id}
import { app } from '@azure/functions';
import { endpoint, json } from '../http/endpoint.ts';
import { getRun } from '../reads/runs.ts';
import { servicesFor } from '../services.ts';

app.http('getRun', {
  route: 'runs/{id}',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint({}, async (request, context) => json(await getRun(servicesFor(context), request.params.id ?? ''))),
});
