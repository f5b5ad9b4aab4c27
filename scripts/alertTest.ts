// `npm run alert:test`: sends a test alert to the configured webhook, and prints the answer.
import { fileURLToPath } from 'node:url';
import { deliverSample } from '../src/alerts/deliverSample.ts';
import { readConfiguration } from '../src/settings/settings.ts';
import { environmentOver, readLocalSettings, usesSandbox } from './stack/localSettings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = environmentOver(readLocalSettings(root), process.env);
const sandboxed = usesSandbox(wanted) && !wanted.ALERT_WEBHOOK_URL;
const sandbox = sandboxed ? { ALERT_WEBHOOK_URL: `${wanted.GRAPH_ENDPOINT}/sandbox/webhook` } : {};
const { settings, faults } = readConfiguration({ ...sandbox, ...wanted });

if (settings?.alerts) process.exitCode = await send(settings.alerts);
else {
  const texts = faults.map(({ message }) => message);
  console.error(
    texts.length > 0
      ? texts.join('\n')
      : 'ALERT_WEBHOOK_URL is not set, so there is no receiver. Set it to the address of your webhook.',
  );
  process.exitCode = 3;
}

async function send(alerts: NonNullable<NonNullable<typeof settings>['alerts']>): Promise<number> {
  const { result, status, error } = await deliverSample(alerts, new Date());
  console.log(result === 'accepted' ? `The webhook answered ${status}: the alert was accepted.` : error);
  if (status === null && sandboxed) console.log('The receiver is the sandbox. Start it with npm start.');
  return result === 'accepted' ? 0 : 1;
}
