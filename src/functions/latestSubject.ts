// GET mailboxes/{mailbox}/latest-subject
import { app } from '@azure/functions';
import { endpoint, json } from '../http/endpoint.ts';
import { latestSubject } from '../reads/latestSubject.ts';
import { servicesFor } from '../services.ts';

app.http('latestSubject', {
  route: 'mailboxes/{mailbox}/latest-subject',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint({}, async (request, context) =>
    json(await latestSubject(servicesFor(context), request.params.mailbox ?? '')),
  ),
});
