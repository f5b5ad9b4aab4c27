// GET runs
import { listEndpoint } from '../http/listAnswer.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listRuns } from '../reads/runs.ts';

registerRoute(
  'listRuns',
  { route: 'runs', method: 'GET', access: 'read' },
  listEndpoint({}, (services, _question: object, { top, after }) => listRuns(services, top, after)),
);
