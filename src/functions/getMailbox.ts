// GET mailboxes/{mailbox}
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { getMailbox } from '../reads/mailboxes.ts';

registerRoute(
  'getMailbox',
  { route: 'mailboxes/{mailbox}', method: 'GET', access: 'read' },
  endpoint({}, async (services, _, { params }) => json(await getMailbox(services, params.mailbox ?? '')), {
    'mailbox-not-listed': 404,
  }),
);
