// The formats of a webhook.
import type { Alert, Formatted } from './alert.ts';
import { toCloudEvent } from './formats/cloudevents.ts';
import { toSlack } from './formats/slack.ts';
import { toTeams } from './formats/teams.ts';

export const FORMATS = { cloudevents: toCloudEvent, teams: toTeams, slack: toSlack } as const satisfies Record<
  string,
  (alert: Alert) => Formatted
>;
