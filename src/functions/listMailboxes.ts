// GET mailboxes
import { app } from '@azure/functions';
import { endpoint } from '../http/endpoint.ts';
import { LIST_PARAMETERS, listAnswer } from '../http/listAnswer.ts';
import { readAfter, readChoice, readPrefix, readTop } from '../http/parameters.ts';
import { listMailboxes } from '../reads/mailboxes.ts';
import { VERDICTS } from '../rules/judge.ts';
import { EXPECTATIONS } from '../rules/mailbox.ts';
import { servicesFor } from '../services.ts';

app.http('listMailboxes', {
  route: 'mailboxes',
  methods: ['GET'],
  authLevel: 'function',
  handler: endpoint(['verdict', 'expectation', 'startsWith', ...LIST_PARAMETERS], async (request, context) => {
    const { query } = request;
    const question = {
      verdict: readChoice(query, 'verdict', VERDICTS),
      expectation: readChoice(query, 'expectation', EXPECTATIONS),
      startsWith: readPrefix(query, 'startsWith'),
    };
    const page = await listMailboxes(servicesFor(context), question, readTop(query), readAfter(query));
    return listAnswer(request, page);
  }),
});
