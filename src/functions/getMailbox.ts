// GET mailboxes/{mailbox}
import { app } from '@azure/functions';
import { endpoint, json } from '../http/endpoint.ts';
import { getMailbox } from '../reads/mailboxes.ts';
import { servicesFor } from '../services.ts';

app.http('getMailbox', {
  route: 'mailboxes/{mailbox}',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint(
    {},
    async (request, context) => json(await getMailbox(servicesFor(context), request.params.mailbox ?? '')),
    { 'mailbox-not-listed': 404 },
  ),
});
