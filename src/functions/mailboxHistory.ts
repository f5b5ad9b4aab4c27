// GET mailboxes/{mailbox}/history
import type { HttpRequest } from '@azure/functions';
import * as routes from '../api/everyRoute.ts';
import type { PageQuestion } from '../api/page.ts';
import { listEndpoint } from '../http/listAnswer.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { mailboxHistory, type OpenRange } from '../reads/history.ts';
import type { Services } from '../services.ts';

registerRoute(
  listEndpoint(
    routes.mailboxHistory,
    (services: Services, range: OpenRange, { top, after }: PageQuestion, { params: { mailbox = '' } }: HttpRequest) =>
      mailboxHistory(services, mailbox, range, top, after),
  ),
);
