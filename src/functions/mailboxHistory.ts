// GET mailboxes/{mailbox}/history
import { app } from '@azure/functions';
import { endpoint } from '../http/endpoint.ts';
import { LIST_PARAMETERS, listAnswer } from '../http/listAnswer.ts';
import { readAfter, readTime, readTop } from '../http/parameters.ts';
import { mailboxHistory } from '../reads/history.ts';
import { servicesFor } from '../services.ts';

app.http('mailboxHistory', {
  route: 'mailboxes/{mailbox}/history',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint(['from', 'to', ...LIST_PARAMETERS], async (request, context) => {
    const { query, params } = request;
    const range = { from: readTime(query, 'from'), to: readTime(query, 'to') };
    const { mailbox = '' } = params;
    const page = await mailboxHistory(servicesFor(context), mailbox, range, readTop(query), readAfter(query));
    return listAnswer(request, page);
  }),
});
