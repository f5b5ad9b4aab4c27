// GET drift
import { listEndpoint } from '../http/listAnswer.ts';
import { oneOf, readFlag, readMailbox } from '../http/parameters.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { type DriftFilter, listDrift } from '../reads/history.ts';
import { DRIFT_KINDS } from '../rules/judge.ts';

registerRoute(
  'listDrift',
  { route: 'drift', method: 'GET', access: 'read' },
  listEndpoint(
    { open: readFlag, kind: oneOf(DRIFT_KINDS), mailbox: readMailbox },
    (services, filter: DriftFilter, { top, after }) => listDrift(services, filter, top, after),
  ),
);
