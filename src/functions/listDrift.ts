// GET drift
import { app } from '@azure/functions';
import { listEndpoint } from '../http/listAnswer.ts';
import { oneOf, readFlag, readMailbox } from '../http/parameters.ts';
import { type DriftFilter, listDrift } from '../reads/history.ts';
import { DRIFT_KINDS } from '../rules/judge.ts';
import { servicesFor } from '../services.ts';

app.http('listDrift', {
  route: 'drift',
  methods: ['GET'],
  authLevel: 'function',
  handler: listEndpoint(
    { open: readFlag, kind: oneOf(DRIFT_KINDS), mailbox: readMailbox },
    (filter: DriftFilter, { top, after }, context) => listDrift(servicesFor(context), filter, top, after),
  ),
});
