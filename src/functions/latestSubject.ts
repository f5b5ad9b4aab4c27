// GET mailboxes/{mailbox}/latest-subject
import * as routes from '../api/everyRoute.ts';
import { endpoint } from '../http/endpoint.ts';
import { registerRoute } from '../http/registerRoute.ts';
import { latestSubject } from '../reads/latestSubject.ts';

registerRoute(
  endpoint(routes.latestSubject, async (services, _, { params }) => ({
    body: await latestSubject(services, params.mailbox ?? ''),
  })),
);
