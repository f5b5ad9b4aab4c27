// GET drift
import { app } from '@azure/functions';
import { endpoint } from '../http/endpoint.ts';
import { LIST_PARAMETERS, listAnswer } from '../http/listAnswer.ts';
import { readAfter, readChoice, readMailbox, readTop } from '../http/parameters.ts';
import { listDrift } from '../reads/history.ts';
import { DRIFT_KINDS } from '../rules/judge.ts';
import { servicesFor } from '../services.ts';

app.http('listDrift', {
  route: 'drift',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint(['open', 'kind', 'mailbox', ...LIST_PARAMETERS], async (request, context) => {
    const { query } = request;
    const open = readChoice(query, 'open', ['true', 'false']);
    const filter = {
      open: open === undefined ? undefined : open === 'true',
      kind: readChoice(query, 'kind', DRIFT_KINDS),
      mailbox: readMailbox(query, 'mailbox'),
    };
    const page = await listDrift(servicesFor(context), filter, readTop(query), readAfter(query));
    return listAnswer(request, page);
  }),
});
