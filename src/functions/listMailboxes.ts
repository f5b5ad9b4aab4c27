// GET mailboxes
import { app } from '@azure/functions';
import { listEndpoint } from '../http/listAnswer.ts';
import { oneOf, readPrefix } from '../http/parameters.ts';
import { listMailboxes, type MailboxQuestion } from '../reads/mailboxes.ts';
import { VERDICTS } from '../rules/judge.ts';
import { EXPECTATIONS } from '../rules/mailbox.ts';
import { servicesFor } from '../services.ts';

app.http('listMailboxes', {
  route: 'mailboxes',
  methods: ['GET'],
  authLevel: 'function',
  handler: listEndpoint(
    { verdict: oneOf(VERDICTS), expectation: oneOf(EXPECTATIONS), startsWith: readPrefix },
    (question: MailboxQuestion, { top, after }, context) => listMailboxes(servicesFor(context), question, top, after),
  ),
});
