// GET mailboxes/{mailbox}
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { getMailbox } from '../reads/mailboxes.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'getMailbox',
  { route: 'mailboxes/{mailbox}', method: 'GET', access: 'read' },
  endpoint({}, async (request, context) => json(await getMailbox(servicesFor(context), request.params.mailbox ?? '')), {
    'mailbox-not-listed': 404,
  }),
);
