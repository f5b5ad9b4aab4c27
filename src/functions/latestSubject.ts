// GET mailboxes/{mailbox}/latest-subject
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { latestSubject } from '../reads/latestSubject.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'latestSubject',
  { route: 'mailboxes/{mailbox}/latest-subject', method: 'GET', access: 'read' },
  endpoint({}, async (request, context) =>
    json(await latestSubject(servicesFor(context), request.params.mailbox ?? '')),
  ),
);
