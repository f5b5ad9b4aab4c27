// CloudEvents 1.0, structured JSON.
import type { Alert, Formatted } from '../alert.ts';
import { compose } from '../compose.ts';

/** "CloudEvents - Version 1.0.2", JSON format. */
export function toCloudEvent(alert: Alert): Formatted {
  const { headline, advice, more } = compose(alert);
  const { scope, id, time, counts, items, notices, apiUrl, driftUrl, test } = alert;
  const event = {
    specversion: '1.0',
    id,
    source: apiUrl ?? 'urn:mailscope',
    subject: scope,
    type: test ? 'mailscope.test' : 'mailscope.alert',
    time,
    datacontenttype: 'application/json',
    data: { headline, advice, counts, items, more, notices, ...(driftUrl ? { driftUrl } : {}) },
  };
  return { contentType: 'application/cloudevents+json', body: JSON.stringify(event) };
}
