// The formats of a webhook.
import type { Alert } from './alert.ts';
import { toCloudEvent } from './formats/cloudevents.ts';
import { toSlack } from './formats/slack.ts';
import { toTeams } from './formats/teams.ts';

export interface Formatted {
  readonly contentType: string;
  readonly body: string;
}

export const FORMATS = { cloudevents: toCloudEvent, teams: toTeams, slack: toSlack } as const satisfies Record<
  string,
  (alert: Alert) => Formatted
>;
