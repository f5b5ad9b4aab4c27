// GET drift

import * as routes from '../api/everyRoute.ts';
import type { PageQuestion } from '../api/page.ts';
import { listEndpoint } from '../http/listAnswer.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { type DriftFilter, listDrift } from '../reads/history.ts';
import type { Services } from '../services.ts';

registerRoute(
  listEndpoint(routes.listDrift, (services: Services, filter: DriftFilter, { top, after }: PageQuestion) =>
    listDrift(services, filter, top, after),
  ),
);
