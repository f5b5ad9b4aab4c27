// GET mailboxes/{mailbox}/history
import { listEndpoint } from '../http/listAnswer.ts';
import { readTime } from '../http/parameters.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { mailboxHistory, type OpenRange } from '../reads/history.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'mailboxHistory',
  { route: 'mailboxes/{mailbox}/history', method: 'GET', access: 'read' },
  listEndpoint(
    { from: readTime, to: readTime },
    (range: OpenRange, { top, after }, context, { params: { mailbox = '' } }) =>
      mailboxHistory(servicesFor(context), mailbox, range, top, after),
  ),
);
