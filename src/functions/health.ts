// GET health
import { app } from '@azure/functions';
import { endpoint, json } from '../http/endpoint.ts';
import { createHealthLook } from '../reads/healthLook.ts';
import { servicesFor } from '../services.ts';

const look = createHealthLook();

app.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: endpoint({}, async (_request, context) => {
    const report = await look(servicesFor(context));
    return json(report, report.status === 'healthy' ? 200 : 503);
  }),
});
