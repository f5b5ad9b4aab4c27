// Timer: starts a run in each scope at each tick of POLL_SCHEDULE
import { app } from '@azure/functions';
import { pollScopes } from '../runs/pollScopes.ts';
import { scopesFor } from '../services.ts';
import { registeredPollSchedule } from '../settings/settings.ts';

app.timer('pollMailboxes', {
  schedule: registeredPollSchedule(),
  handler: (_timer, context) => pollScopes(scopesFor(context)),
});
