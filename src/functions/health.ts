// GET health
import { app } from '@azure/functions';
import { endpoint, json } from '../http/endpoint.ts';
import { health } from '../reads/health.ts';
import { servicesFor } from '../services.ts';

app.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: endpoint({}, async (_request, context) => {
    const report = await health(servicesFor(context));
    return json(report, report.status === 'healthy' ? 200 : 503);
  }),
});
