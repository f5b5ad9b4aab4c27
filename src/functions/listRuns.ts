// GET runs
import { listEndpoint } from '../http/listAnswer.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listRuns } from '../reads/runs.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'listRuns',
  { route: 'runs', method: 'GET', access: 'read' },
  listEndpoint({}, (_question: object, { top, after }, context) => listRuns(servicesFor(context), top, after)),
);
