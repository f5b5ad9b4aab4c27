// GET mailboxes/{mailbox}/history
import { listEndpoint } from '../http/listAnswer.ts';
import { readTime } from '../http/parameters.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { mailboxHistory, type OpenRange } from '../reads/history.ts';

registerRoute(
  'mailboxHistory',
  { route: 'mailboxes/{mailbox}/history', method: 'GET', access: 'read' },
  listEndpoint(
    { from: readTime, to: readTime },
    (services, range: OpenRange, { top, after }, { params: { mailbox = '' } }) =>
      mailboxHistory(services, mailbox, range, top, after),
  ),
);
