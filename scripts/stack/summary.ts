// What `npm start` prints once everything runs: what is where, and what to try.
import { readScopes } from '../../src/settings/scopes.ts';
import type { Ports } from './localSettings.ts';
import type { Stack } from './startStack.ts';

/** The ports are those that the stack was started on. */
export function summary(stack: Stack, ports: Ports): string {
  return ['', ...whatIsWhere(stack), '', ...whatToTry(stack, ports), '', 'Ctrl-C stops everything.'].join('\n');
}

function scopesOf({ environment }: Stack) {
  return readScopes(environment).scopes;
}

function whatIsWhere(stack: Stack): string[] {
  const { host, sandboxUrl, storageUrl, settingsFile, environment } = stack;
  const names = scopesOf(stack).map(({ name }) => name);
  // They are registered in the order in which they import each other.
  const functions = host.functions.map(({ name }) => name).toSorted();
  const graph = sandboxUrl
    ? `${sandboxUrl} (the sandbox tenant)`
    : environment.GRAPH_ENDPOINT || 'https://graph.microsoft.com';
  return [
    'Mailscope is running.',
    `  page       ${host.url}/api/dashboard`,
    `  functions  ${host.url}/api (${functions.join(', ')})`,
    `  Graph      ${graph}`,
    `  storage    ${storageUrl ?? 'the account that AzureWebJobsStorage names'}`,
    `  settings   ${settingsFile}`,
    ...(names.length > 1 ? [`  scopes     ${names.join(', ')}`] : []),
    ...(host.keys ? [`  keys       host ${host.keys.host}`, `             master ${host.keys.master}`] : []),
  ];
}

function whatToTry(stack: Stack, ports: Ports): string[] {
  const { host } = stack;
  // The first scope answers when none is named.
  const [{ environment }, second] = scopesOf(stack);
  const [allowed, denied] = [environment.ALLOWED_MAILBOXES, environment.DENIED_MAILBOXES].map(firstOf);
  const key = host.keys ? ` -H 'x-functions-key: ${host.keys.host}'` : '';
  const subjects = [allowed, denied].flatMap((mailbox) => (mailbox ? [`mailboxes/${mailbox}/latest-subject`] : []));
  return [
    'Try:',
    `  curl ${host.url}/api/health`,
    ...[...subjects, 'mailboxes', 'drift'].map((path) => `  curl${key} ${host.url}/api/${path}`),
    `  curl${key} -X POST ${host.url}/api/runs`,
    // A shell would take the question mark for a pattern.
    ...(second ? [`  curl${key} "${host.url}/api/mailboxes?scope=${second.name}"`] : []),
    ...otherCommands(stack, ports, allowed, second?.name),
  ];
}

/** Other commands know the default ports by themselves; options tell them of others. */
function otherCommands(
  { sandboxUrl, storageUrl }: Stack,
  { sandbox, storage }: Ports,
  allowed: string | undefined,
  scope: string | undefined,
): string[] {
  const sandboxPort = sandboxUrl && sandbox !== 7075 ? ` --sandbox-port ${sandbox}` : '';
  const storagePort = storageUrl && storage !== 10_000 ? ` --storage-port ${storage}` : '';
  const command = (name: string, options: string) => `  npm run ${name}${options && ` --${options}`}`;
  const tenant = [
    ...(allowed ? [`  npm run sandbox -- deliver ${allowed} "Hello"${sandboxPort}`] : []),
    `  npm run sandbox -- policy remove${sandboxPort}`,
    `  npm run sandbox -- policy restore${sandboxPort}`,
  ];
  return [
    ...(sandboxUrl ? [...tenant, command('alert:test', sandboxPort)] : []),
    command('ask', sandboxPort),
    ...(scope ? [command('ask', ` --scope ${scope}${sandboxPort}`)] : []),
    command('doctor', sandboxPort + storagePort),
  ];
}

function firstOf(list = ''): string | undefined {
  return list.split(/[\s,;]+/).find((name) => name !== '');
}
