// `npm run alert:test`: sends a test alert to the configured webhook, and prints the answer.
import { fileURLToPath } from 'node:url';
import { deliverSample } from '../src/alerts/deliverSample.ts';
import { printableLines } from '../src/printable.ts';
import { createServices, type Services } from '../src/services.ts';
import { useProxy } from '../src/settings/proxy.ts';
import { type AlertSettings, isLoopback } from '../src/settings/settings.ts';
import { settingsBeside, takePortOptions } from './stack/portOptions.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = await alertTest(process.argv.slice(2));

/** Answers the exit code: 0 accepted, 1 not accepted, 3 bad settings or a bad command line. */
async function alertTest(args: readonly string[]): Promise<number> {
  const { ports, rest } = takePortOptions(args);
  const [unknown] = rest;
  if (unknown !== undefined) return refuse(`npm run alert:test takes --sandbox-port alone, not "${unknown}".`);
  let environment: NodeJS.ProcessEnv;
  try {
    environment = settingsBeside(root, process.env, ports);
  } catch (error) {
    return refuse((error as Error).message);
  }
  useProxy(environment);
  const services = createServices(environment, () => undefined);
  const { settings, faults } = services.configuration;
  if (settings?.alerts) return send(services, settings.alerts);
  const texts = faults.map(({ message }) => message);
  const nobody = 'ALERT_WEBHOOK_URL is not set, so there is no receiver. Set it to the address of your webhook.';
  return refuse(texts.length > 0 ? texts.join('\n') : nobody);
}

async function send(services: Services, alerts: AlertSettings): Promise<number> {
  const { result, status, error, answer } = await deliverSample(services, alerts);
  const says = answer === null ? '' : ` It says: ${answer}`;
  console.log(result === 'accepted' ? `The webhook answered ${status}: the alert was accepted.` : `${error}${says}`);
  if (status === null && isLoopback(new URL(alerts.url.reveal()).hostname))
    console.log('The receiver is the sandbox. Start it with npm start.');
  return result === 'accepted' ? 0 : 1;
}

function refuse(text: string): number {
  console.error(printableLines(text));
  return 3;
}
