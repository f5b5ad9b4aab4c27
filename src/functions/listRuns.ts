// GET runs
import { app } from '@azure/functions';
import { listEndpoint } from '../http/listAnswer.ts';
import { listRuns } from '../reads/runs.ts';
import { servicesFor } from '../services.ts';

app.http('listRuns', {
  route: 'runs',
  methods: ['GET'],
  authLevel: 'function',
  handler: listEndpoint({}, (_question: object, { top, after }, context) => listRuns(servicesFor(context), top, after)),
});
