// GET mailboxes
import { listEndpoint } from '../http/listAnswer.ts';
import { oneOf, readPrefix } from '../http/parameters.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listMailboxes, type MailboxQuestion } from '../reads/mailboxes.ts';
import { VERDICTS } from '../rules/judge.ts';
import { EXPECTATIONS } from '../rules/mailbox.ts';
import { servicesFor } from '../services.ts';

registerRoute(
  'listMailboxes',
  { route: 'mailboxes', method: 'GET', access: 'read' },
  listEndpoint(
    { verdict: oneOf(VERDICTS), expectation: oneOf(EXPECTATIONS), startsWith: readPrefix },
    (question: MailboxQuestion, { top, after }, context) => listMailboxes(servicesFor(context), question, top, after),
  ),
);
