// GET mailboxes

import * as routes from '../api/everyRoute.ts';
import type { PageQuestion } from '../api/page.ts';
import { listEndpoint } from '../http/listAnswer.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { listMailboxes, type MailboxQuestion } from '../reads/mailboxes.ts';
import type { Services } from '../services.ts';

registerRoute(
  listEndpoint(routes.listMailboxes, (services: Services, question: MailboxQuestion, { top, after }: PageQuestion) =>
    listMailboxes(services, question, top, after),
  ),
);
