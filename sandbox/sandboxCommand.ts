// `npm run sandbox -- …`: runs the tenant alone, and turns its switches from a shell.
import { parseArgs } from 'node:util';
import { OptionError, portOf } from '../scripts/shared/ports.ts';
import { printable, printableJson } from '../src/printable.ts';
import { startSandbox } from './server.ts';
import { FIRST_POLICY } from './tenant.ts';

const USAGE = `Usage: npm run sandbox -- COMMAND [--sandbox-port 7075]

  serve                    run the tenant alone, without npm start, until Ctrl-C
  policy remove            remove the policy: a read role then opens every mailbox
  policy restore           bring back the policy of the start
  allow MAILBOX            make the policy open this mailbox too
  deliver MAILBOX SUBJECT  put a mail into the mailbox
  fault throttle SHARE     answer this share of mailbox requests with 429 (0.2: every fifth)
  fault error SHARE [STATUS]  the same with a server error, 503 by default
  fault drop SHARE         cut this share of connections
  fault latency MS         make every mailbox request take this long
  fault token STATUS       make the identity endpoint answer this status (0: never answer)
  fault clear              turn all faults off
  state                    print policy, roles, faults and request counts`;

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
      help: { type: 'boolean', short: 'h', default: false },
    } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return await run(['help'], '');
    const port = portOf('--sandbox-port', values['sandbox-port']);
    if (positionals.join(' ') === 'serve') return await serve(port);
    return await run(positionals, `http://127.0.0.1:${port}/sandbox`);
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

async function run(words: readonly string[], url: string): Promise<number> {
  const command = words.join(' ');
  if (command === '' || command === 'help') {
    console.log(USAGE);
    return 0;
  }
  let answer: unknown;
  try {
    const [verb, mailbox = ''] = words;
    const members = verb === 'allow' ? [...(await membersOf(url)), need(mailbox, 'a mailbox')] : [];
    const { method, path, body, said } = callFor(words, members);
    answer = await ask(url, method, path, body);
    console.log(said === '' ? printableJson(answer) : printable(said));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    console.error(printable((error as Error).message));
    return 1;
  }
}

function callFor(words: readonly string[], members: readonly string[]): Call {
  const [verb = '', noun = '', ...rest] = words;
  if (verb === 'state') return { method: 'GET', path: '/state', said: '' };
  if (verb === 'policy' && noun === 'remove') {
    const said = 'The policy is gone: a read role now opens every mailbox.';
    return { method: 'PUT', path: '/policy', body: { mechanism: 'none' }, said };
  }
  if (verb === 'policy' && noun === 'restore') {
    const said = `The policy is back: it opens ${FIRST_POLICY.members.join(', ')} and no other mailbox.`;
    return { method: 'PUT', path: '/policy', body: FIRST_POLICY, said };
  }
  if (verb === 'policy') throw new UsageError('Use policy remove or policy restore.');
  if (verb === 'allow') {
    return { method: 'PUT', path: '/policy', body: { members }, said: `The policy now opens ${members.join(', ')}.` };
  }
  if (verb === 'deliver') {
    const body = { mailbox: need(noun, 'a mailbox'), subject: need(rest.join(' '), 'a subject') };
    return { method: 'POST', path: '/messages', body, said: `Mail arrived in ${noun}.` };
  }
  if (verb === 'fault') {
    const [body, said] = faultFor(noun, rest);
    return { method: 'PUT', path: '/faults', body, said };
  }
  throw new UsageError(`There is no command "${words.join(' ')}".`);
}

function faultFor(kind: string, [first, second]: readonly string[]): [object, string] {
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
    return [{ token: { status: value } }, `The identity endpoint now answers ${value || 'nothing'}.`];
  throw new UsageError(`There is no fault "${kind}".`);
}

async function membersOf(url: string): Promise<readonly string[]> {
  const { policy } = (await ask(url, 'GET', '/state')) as { readonly policy: { readonly members: readonly string[] } };
  return policy.members;
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
