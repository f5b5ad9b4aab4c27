// The formats of a webhook.
import type { Alert, Formatted } from '../alert.ts';
import { toCloudEvent } from './cloudevents.ts';
import { toSlack } from './slack.ts';
import { toTeams } from './teams.ts';

export const FORMATS = { cloudevents: toCloudEvent, teams: toTeams, slack: toSlack } as const satisfies Record<
  string,
  (alert: Alert) => Formatted
>;
