// Checks of those who are told: the webhook and the heartbeat. Neither is called unasked.
import { deliverSample } from '../alerts/deliverSample.ts';
import { type Finding, ok, problem, skipped, warning } from '../rules/doctor/finding.ts';
import { judgeConnection } from '../rules/doctor/networkFindings.ts';
import type { AlertSettings, Secret } from '../settings/settings.ts';
import { connect } from './connect.ts';
import type { Check } from './doctorCheck.ts';

export const webhookCheck: Check = {
  name: 'webhook',
  needs: ['alerts'],
  async look({ services, send }) {
    const { alerts } = services.settings();
    if (!alerts) return [skipped('ALERT_WEBHOOK_URL is not set, so nobody is alerted')];
    const found = await lookAtHost("The webhook's host", alerts.url);
    const test = send && found.result === 'ok' ? [await sendTest(alerts, services.now())] : [];
    return [found, ...test, ...lookAtPause(alerts, services.now())];
  },
};

/** It is not called: that would tell it of a run that never was. */
export const heartbeatCheck: Check = {
  name: 'heartbeat',
  needs: ['heartbeat'],
  async look({ services }) {
    const { heartbeatUrl } = services.settings();
    if (!heartbeatUrl) return [skipped('HEARTBEAT_URL is not set, so nobody notices when no run comes')];
    return [await lookAtHost("The heartbeat's host", heartbeatUrl)];
  },
};

/** Of the address, which is a secret, the host alone is told. */
async function lookAtHost(what: string, address: Secret): Promise<Finding> {
  const url = new URL(address.reveal());
  return judgeConnection(what, url.host, await connect(url));
}

async function sendTest(alerts: AlertSettings, now: Date): Promise<Finding> {
  const { result, status, error } = await deliverSample(alerts, now);
  if (result === 'accepted') return ok(`It answered ${status}: the test alert was accepted.`);
  const advice = 'Are the path of ALERT_WEBHOOK_URL, ALERT_WEBHOOK_FORMAT and ALERT_WEBHOOK_SECRET the receiver’s?';
  return problem(`The test alert was not accepted. ${error}`, advice);
}

function lookAtPause({ pauseUntil }: AlertSettings, now: Date): Finding[] {
  if (!pauseUntil || pauseUntil <= now) return [];
  const advice = 'Take PAUSE_ALERTS_UNTIL away when the work is done.';
  return [warning(`Until ${pauseUntil.toISOString()} breaches alone are announced.`, advice)];
}
