// GET mailboxes/{mailbox}/latest-subject
import { endpoint, json } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { latestSubject } from '../reads/latestSubject.ts';

registerRoute(
  'latestSubject',
  { route: 'mailboxes/{mailbox}/latest-subject', method: 'GET', access: 'read' },
  endpoint({}, async (services, _, { params }) => json(await latestSubject(services, params.mailbox ?? ''))),
);
