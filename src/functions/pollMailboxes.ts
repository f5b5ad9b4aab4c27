// Timer: starts a run at each tick of POLL_SCHEDULE
import { app } from '@azure/functions';
import { poll } from '../runs/poll.ts';
import { servicesFor } from '../services.ts';
import { registeredPollSchedule } from '../settings/settings.ts';

app.timer('pollMailboxes', {
  schedule: registeredPollSchedule(),
  handler: (_timer, context) => poll(servicesFor(context)),
});
