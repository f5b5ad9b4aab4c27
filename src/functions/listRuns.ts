// GET runs
import * as routes from '../api/everyRoute.ts';
import { listEndpoint } from '../http/listAnswer.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listRuns } from '../reads/runs.ts';

registerRoute(
  listEndpoint(routes.listRuns, (services, _question: object, { top, after }) => listRuns(services, top, after)),
);
