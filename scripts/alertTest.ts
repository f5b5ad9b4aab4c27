// `npm run alert:test`: sends a test alert to the configured webhook of each scope, and prints the answers.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deliverSample } from '../src/alerts/deliverSample.ts';
import { chooseScopes, faultsOfNoScope } from '../src/cli/chooseScopes.ts';
import { printableLines } from '../src/printable.ts';
import { createScopes, type Services } from '../src/services.ts';
import { useProxy } from '../src/settings/proxy.ts';
import { type AlertSettings, isLoopback } from '../src/settings/settings.ts';
import { settingsBeside, takePortOptions } from './stack/portOptions.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const NOBODY = 'ALERT_WEBHOOK_URL is not set, so there is no receiver. Set it to the address of your webhook.';

const USAGE = `Usage: npm run alert:test -- [OPTIONS]

Sends a test alert to the webhook of each scope, and prints what it answers.

  --scope NAME          only the webhook of this scope of SCOPES
  --sandbox-port 7075   the sandbox tenant, beside npm start on another port

Exit code: 0 accepted, 1 not accepted, 3 bad settings or a bad command line.`;

type Code = 0 | 1 | 3;

process.exitCode = await alertTest(process.argv.slice(2));

/** Answers the exit code: 0 accepted, 1 not accepted, 3 bad settings or a bad command line. 1 goes before 3. */
async function alertTest(args: readonly string[]): Promise<Code> {
  const { ports, rest } = takePortOptions(args);
  const options = readOptions(rest);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  if (typeof options === 'string') return refuse(options);
  try {
    const environment = settingsBeside(root, process.env, ports);
    useProxy(environment);
    const scopes = createScopes(environment, () => undefined);
    const chosen = chooseScopes(scopes, options.scope);
    const strays = faultsOfNoScope(scopes);
    for (const { message } of strays) refuse(message);
    const codes: (Code | null)[] = strays.length > 0 && options.scope === undefined ? [3] : [];
    for (const services of chosen) {
      const label = chosen.length > 1 ? `${services.scope}: ` : '';
      codes.push(await testScope(services, label));
    }
    // Without a receiver anywhere nothing was tested.
    if (codes.every((code) => code === null)) return chosen.length > 1 ? 3 : refuse(NOBODY);
    return ([1, 3] as const).find((code) => codes.includes(code)) ?? 0;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** The options, or what is wrong with them; null when somebody asks for help. */
function readOptions(args: readonly string[]): { readonly scope: string | undefined } | string | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { scope: { type: 'string' }, help: { type: 'boolean' } },
    strict: false,
    allowPositionals: true,
  });
  if (values.help) return null;
  const [unknown] = [...Object.keys(values).flatMap((name) => (name === 'scope' ? [] : [`--${name}`])), ...positionals];
  if (unknown !== undefined) return `npm run alert:test takes --scope and --sandbox-port, not "${unknown}".`;
  if (typeof values.scope === 'boolean') return '--scope needs the name of a scope.';
  return { scope: values.scope };
}

/** Null when the scope has no webhook. */
async function testScope(services: Services, label: string): Promise<Code | null> {
  const { settings, faults } = services.configuration;
  if (settings?.alerts) return send(services, settings.alerts, label);
  for (const { message } of faults) refuse(label + message);
  if (faults.length > 0) return 3;
  if (label !== '') console.log(`${label}ALERT_WEBHOOK_URL is not set, so there is no receiver.`);
  return null;
}

async function send(services: Services, alerts: AlertSettings, label: string): Promise<0 | 1> {
  const { result, status, error, answer } = await deliverSample(services, alerts);
  const says = answer === null ? '' : ` It says: ${answer}`;
  const text = result === 'accepted' ? `The webhook answered ${status}: the alert was accepted.` : `${error}${says}`;
  console.log(label + text);
  if (status === null && isLoopback(new URL(alerts.url.reveal()).hostname))
    console.log(`${label}The receiver is the sandbox. Start it with npm start.`);
  return result === 'accepted' ? 0 : 1;
}

function refuse(text: string): 3 {
  console.error(printableLines(text));
  return 3;
}
