// The formats of a webhook: one for each that the setting takes. Each body is small enough for every receiver.
import type { AlertFormat } from '../../settings/settings.ts';
import type { Alert, Formatted } from '../alert.ts';
import { toCloudEvent } from './cloudevents.ts';
import { fitting } from './fitting.ts';
import { toSlack } from './slack.ts';
import { toTeams } from './teams.ts';

export const FORMATS: Readonly<Record<AlertFormat, (alert: Alert) => Formatted>> = {
  cloudevents: fitting(toCloudEvent),
  teams: fitting(toTeams),
  slack: fitting(toSlack),
};
