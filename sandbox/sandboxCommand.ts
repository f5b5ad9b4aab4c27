// `npm run sandbox -- …`: runs the tenant alone, and turns its switches from a shell.
import { parseArgs } from 'node:util';
import { OptionError, portOf } from '../scripts/shared/ports.ts';
import { printable, printableJson } from '../src/printable.ts';
import { RESOURCES } from './apps.ts';
import { startSandbox } from './server.ts';
import { FIRST_POLICY } from './tenant.ts';

const USAGE = `Usage: npm run sandbox -- COMMAND [--app ID] [--sandbox-port 7075]

  serve                    run the tenant alone, without npm start, until Ctrl-C
  policy remove            remove the policy: a read role then opens every mailbox
  policy restore           bring back the policy of the start
  policy rbac [RESOURCE …] open the members by RBAC for Applications instead, and of them only these
                           resources: ${RESOURCES.join(', ')} (default: all)
  allow MAILBOX            make the policy open this mailbox too
  roles [ROLE …]           give the app these roles in the place of the ones it has
  apps [ID …]              make an app for each client id; apps that are not named are removed
  deliver MAILBOX SUBJECT  put a mail into the mailbox
  fault throttle SHARE     answer this share of mailbox requests with 429 (0.2: every fifth)
  fault error SHARE [STATUS]  the same with a server error, 503 by default
  fault drop SHARE         cut this share of connections
  fault latency MS         make every mailbox request take this long
  fault token STATUS       make the identity endpoint answer this status (0: never answer)
  fault clear              turn all faults off
  state                    print policy, roles, apps, faults and request counts

--app ID is for policy, allow, roles and fault token: the app with this client id. Without it they mean the app that
a token belongs to when nobody names an id.`;

class UsageError extends Error {}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** The new state in words. */
  readonly said: string;
}

/** Runs one command. Returns the exit code: 0 done, 1 the sandbox refused or does not run, 2 bad command. */
export async function sandboxCommand(args: readonly string[]): Promise<number> {
  try {
    const options = {
      'sandbox-port': { type: 'string', default: '7075' },
      app: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return await run(['help'], '', undefined);
    const port = portOf('--sandbox-port', values['sandbox-port']);
    if (positionals.join(' ') === 'serve') return await serve(port);
    return await run(positionals, `http://127.0.0.1:${port}/sandbox`, values.app);
  } catch (error) {
    if (
      error instanceof UsageError ||
      error instanceof OptionError ||
      (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
    ) {
      console.error(`${printable((error as Error).message)}\n\n${USAGE}`);
      return 2;
    }
    throw error;
  }
}

/** Answers at once; the server keeps the process running. */
async function serve(port: number): Promise<number> {
  try {
    const { url } = await startSandbox({ port, webhookSecret: process.env.ALERT_WEBHOOK_SECRET });
    console.log(`The sandbox tenant is at ${url}. Ctrl-C stops it.`);
    return 0;
  } catch (error) {
    // listen rejects with nothing but the system's errors.
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? `Port ${port} is in use` : message;
    console.error(`${printable(why)}: choose another one with --sandbox-port.`);
    return 1;
  }
}

async function run(words: readonly string[], url: string, app: string | undefined): Promise<number> {
  const command = words.join(' ');
  if (command === '' || command === 'help') {
    console.log(USAGE);
    return 0;
  }
  let answer: unknown;
  try {
    const [verb, mailbox = ''] = words;
    const members = verb === 'allow' ? [...(await membersOf(url, app)), need(mailbox, 'a mailbox')] : [];
    const { method, path, body, said } = callFor(words, members, app);
    if (app !== undefined && !isAboutApp(words)) throw new UsageError(`The command ${verb} takes no --app.`);
    answer = await ask(url, method, path, body);
    console.log(said === '' ? printableJson(answer) : printable(said));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    console.error(printable((error as Error).message));
    return 1;
  }
}

function isAboutApp([verb, noun]: readonly string[]): boolean {
  return verb === 'policy' || verb === 'allow' || verb === 'roles' || (verb === 'fault' && noun === 'token');
}

function callFor(words: readonly string[], members: readonly string[], app: string | undefined): Call {
  const [verb = '', noun = '', ...rest] = words;
  const about = app === undefined ? {} : { app };
  if (verb === 'state') return { method: 'GET', path: '/state', said: '' };
  if (verb === 'apps') {
    const apps = words.slice(1);
    const said = `The tenant has ${apps.length > 0 ? `the apps ${apps.join(', ')}` : 'no other app'} beside its own.`;
    return { method: 'PUT', path: '/apps', body: { apps }, said };
  }
  if (verb === 'roles') {
    const roles = words.slice(1);
    const said = `The app now has ${roles.length > 0 ? `the roles ${roles.join(', ')}` : 'no role'}.`;
    return { method: 'PUT', path: '/roles', body: { ...about, roles }, said };
  }
  if (verb === 'policy' && noun === 'remove') {
    const said = 'The policy is gone: a read role now opens every mailbox.';
    return { method: 'PUT', path: '/policy', body: { ...about, mechanism: 'none' }, said };
  }
  if (verb === 'policy' && noun === 'restore') {
    const said = `The policy is back: it opens ${FIRST_POLICY.members.join(', ')} and no other mailbox.`;
    return { method: 'PUT', path: '/policy', body: { ...about, ...FIRST_POLICY }, said };
  }
  if (verb === 'policy' && noun === 'rbac') {
    const resources = rest.length > 0 ? rest : RESOURCES;
    const said = `RBAC for Applications now opens the members of the policy: ${resources.join(', ')}.`;
    return { method: 'PUT', path: '/policy', body: { ...about, mechanism: 'rbac', resources }, said };
  }
  if (verb === 'policy') throw new UsageError('Use policy remove, policy restore or policy rbac.');
  if (verb === 'allow') {
    const said = `The policy now opens ${members.join(', ')}.`;
    return { method: 'PUT', path: '/policy', body: { ...about, members }, said };
  }
  if (verb === 'deliver') {
    const body = { mailbox: need(noun, 'a mailbox'), subject: need(rest.join(' '), 'a subject') };
    return { method: 'POST', path: '/messages', body, said: `Mail arrived in ${noun}.` };
  }
  if (verb === 'fault') {
    const [body, said] = faultFor(noun, rest, about);
    return { method: 'PUT', path: '/faults', body, said };
  }
  throw new UsageError(`There is no command "${words.join(' ')}".`);
}

function faultFor(kind: string, [first, second]: readonly string[], about: object): [object, string] {
  if (kind === '') throw new UsageError('The command fault needs one of throttle, error, drop, latency, token, clear.');
  if (kind === 'clear') return [{}, 'All faults are off.'];
  const value = number(first, `fault ${kind} needs a number`);
  if (kind === 'throttle') {
    return [
      { throttle: { share: value, retryAfterSeconds: 1 } },
      `A share of ${value} of mailbox requests now answers 429.`,
    ];
  }
  if (kind === 'error') {
    const status = second === undefined ? 503 : number(second, 'The status of fault error must be a number');
    return [{ error: { share: value, status } }, `A share of ${value} of mailbox requests now answers ${status}.`];
  }
  if (kind === 'drop') return [{ drop: { share: value } }, `A share of ${value} of connections is now cut.`];
  if (kind === 'latency') return [{ latencyMs: value }, `Every mailbox request now takes ${value} ms.`];
  if (kind === 'token')
    return [{ token: { ...about, status: value } }, `The identity endpoint now answers ${value || 'nothing'}.`];
  throw new UsageError(`There is no fault "${kind}".`);
}

interface AppState {
  readonly policy: { readonly members: readonly string[] };
}

async function membersOf(url: string, app: string | undefined): Promise<readonly string[]> {
  const state = (await ask(url, 'GET', '/state')) as AppState & { readonly apps: Readonly<Record<string, AppState>> };
  const listed = Object.entries(state.apps).find(([clientId]) => clientId.toLowerCase() === app?.toLowerCase());
  // The sandbox itself says when it has no such app.
  return (listed?.[1] ?? state).policy.members;
}

async function ask(url: string, method: string, path: string, body?: object): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  } catch (cause) {
    const where = new URL(url).port;
    throw new Error(`No sandbox answers on port ${where}. Run npm start first, or set its port with --sandbox-port.`, {
      cause,
    });
  }
  const answer = (await response.json()) as { readonly detail?: string };
  if (!response.ok) throw new Error(answer.detail ?? `The sandbox answered ${response.status}.`);
  return answer;
}

function need(text: string, what: string): string {
  if (text === '') throw new UsageError(`The command needs ${what}.`);
  return text;
}

function number(text: string | undefined, message: string): number {
  const value = Number(text);
  if (text === undefined || Number.isNaN(value)) throw new UsageError(`${message}.`);
  return value;
}
