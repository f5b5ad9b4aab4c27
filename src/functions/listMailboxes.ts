// GET mailboxes
import { listEndpoint } from '../http/listAnswer.ts';
import { oneOf, readPrefix } from '../http/parameters.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listMailboxes, type MailboxQuestion } from '../reads/mailboxes.ts';
import { VERDICTS } from '../rules/judge.ts';
import { EXPECTATIONS } from '../rules/mailbox.ts';

registerRoute(
  'listMailboxes',
  { route: 'mailboxes', method: 'GET', access: 'read' },
  listEndpoint(
    { verdict: oneOf(VERDICTS), expectation: oneOf(EXPECTATIONS), startsWith: readPrefix },
    (services, question: MailboxQuestion, { top, after }) => listMailboxes(services, question, top, after),
  ),
);
