// Checks of the webhook and the heartbeat. It connects to their hosts, but calls the webhook only with --send.
import { deliverSample } from '../alerts/deliverSample.ts';
import { type Finding, ok, problem, skipped, warning } from '../rules/doctor/finding.ts';
import { judgeConnection } from '../rules/doctor/networkFindings.ts';
import type { Services } from '../services.ts';
import { hasProxy } from '../settings/proxy.ts';
import type { AlertSettings, Secret } from '../settings/settings.ts';
import type { Check } from './doctorCheck.ts';
import type { Facts } from './facts.ts';

export const webhookCheck: Check = {
  name: 'webhook',
  needs: ['alerts'],
  async look(facts) {
    const { services, send } = facts;
    const { alerts } = services.settings();
    if (!alerts) return [skipped('ALERT_WEBHOOK_URL is not set, so nobody gets alerts')];
    const found = await lookAtHost("The webhook's host", alerts.url, facts);
    const test = send && found.result !== 'problem' ? [await sendTest(services, alerts)] : [];
    return [found, ...test, ...lookAtPause(alerts, services.now())];
  },
};

/** It does not call the heartbeat: a call would count as a completed run. */
export const heartbeatCheck: Check = {
  name: 'heartbeat',
  needs: ['heartbeat'],
  async look(facts) {
    const { heartbeatUrl } = facts.services.settings();
    if (!heartbeatUrl) return [skipped('HEARTBEAT_URL is not set, so nobody notices when runs stop')];
    return [await lookAtHost("The heartbeat's host", heartbeatUrl, facts)];
  },
};

/** Names only the host, because the address is a secret. */
async function lookAtHost(what: string, address: Secret, { services, shared }: Facts): Promise<Finding> {
  // A direct connection shows nothing where the way out is the proxy.
  if (hasProxy(services.environment))
    return skipped('a proxy is set, so only a request shows whether the host answers');
  const url = new URL(address.reveal());
  return judgeConnection(what, url.host, await shared.connection(url));
}

async function sendTest(services: Services, alerts: AlertSettings): Promise<Finding> {
  const { result, status, error, answer } = await deliverSample(services, alerts);
  if (result === 'accepted') return ok(`The receiver accepted the test alert (${status}).`);
  const advice =
    'Compare the path of ALERT_WEBHOOK_URL, ALERT_WEBHOOK_FORMAT and ALERT_WEBHOOK_SECRET with the receiver.';
  const says = answer === null ? '' : ` It says: ${answer}`;
  return problem(`The receiver did not accept the test alert. ${error}${says}`, advice);
}

function lookAtPause({ pauseUntil }: AlertSettings, now: Date): Finding[] {
  if (!pauseUntil || pauseUntil <= now) return [];
  const advice = 'Remove PAUSE_ALERTS_UNTIL when the work is done.';
  return [warning(`Until ${pauseUntil.toISOString()} only breaches are announced.`, advice)];
}
