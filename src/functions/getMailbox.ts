// GET mailboxes/{mailbox}
import * as routes from '../api/everyRoute.ts';
import { endpoint } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { getMailbox } from '../reads/mailboxes.ts';

registerRoute(
  endpoint(routes.getMailbox, async (services, _, { params }) => ({
    body: await getMailbox(services, params.mailbox ?? ''),
  })),
);
