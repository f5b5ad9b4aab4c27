// GET runs
import { app } from '@azure/functions';
import { endpoint } from '../http/endpoint.ts';
import { LIST_PARAMETERS, listAnswer } from '../http/listAnswer.ts';
import { readAfter, readTop } from '../http/parameters.ts';
import { listRuns } from '../reads/runs.ts';
import { servicesFor } from '../services.ts';

app.http('listRuns', {
  route: 'runs',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint(LIST_PARAMETERS, async (request, context) => {
    const page = await listRuns(servicesFor(context), readTop(request.query), readAfter(request.query));
    return listAnswer(request, page);
  }),
});
