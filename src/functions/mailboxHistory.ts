// GET mailboxes/{mailbox}/history
import { app } from '@azure/functions';
import { listEndpoint } from '../http/listAnswer.ts';
import { readTime } from '../http/parameters.ts';
import { mailboxHistory, type OpenRange } from '../reads/history.ts';
import { servicesFor } from '../services.ts';

app.http('mailboxHistory', {
  route: 'mailboxes/{mailbox}/history',
  methods: ['GET'],
  authLevel: 'function',
  handler: listEndpoint(
    { from: readTime, to: readTime },
    (range: OpenRange, { top, after }, context, { params: { mailbox = '' } }) =>
      mailboxHistory(servicesFor(context), mailbox, range, top, after),
  ),
});
