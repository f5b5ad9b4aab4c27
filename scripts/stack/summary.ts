// What `npm start` prints once everything runs: what is where, and what to try.
import type { Ports } from './localSettings.ts';
import type { Stack } from './startStack.ts';

/** The ports are those that the stack was started on. */
export function summary(stack: Stack, ports: Ports): string {
  return ['', ...whatIsWhere(stack), '', ...whatToTry(stack, ports), '', 'Ctrl-C stops everything.'].join('\n');
}

function whatIsWhere({ host, sandboxUrl, storageUrl, settingsFile, environment }: Stack): string[] {
  const graph = sandboxUrl
    ? `${sandboxUrl} (the sandbox tenant)`
    : environment.GRAPH_ENDPOINT || 'https://graph.microsoft.com';
  return [
    'Mailscope is running.',
    `  page       ${host.url}/api/dashboard`,
    `  functions  ${host.url}/api (${host.functions.map(({ name }) => name).join(', ')})`,
    `  Graph      ${graph}`,
    `  storage    ${storageUrl ?? 'the account that AzureWebJobsStorage names'}`,
    `  settings   ${settingsFile}`,
    ...(host.keys ? [`  keys       host ${host.keys.host}`, `             master ${host.keys.master}`] : []),
  ];
}

function whatToTry(stack: Stack, ports: Ports): string[] {
  const { host, environment } = stack;
  const [allowed, denied] = [environment.ALLOWED_MAILBOXES, environment.DENIED_MAILBOXES].map(firstOf);
  const key = host.keys ? ` -H 'x-functions-key: ${host.keys.host}'` : '';
  const subjects = [allowed, denied].flatMap((mailbox) => (mailbox ? [`mailboxes/${mailbox}/latest-subject`] : []));
  return [
    'Try:',
    `  curl ${host.url}/api/health`,
    ...[...subjects, 'mailboxes', 'drift'].map((path) => `  curl${key} ${host.url}/api/${path}`),
    `  curl${key} -X POST ${host.url}/api/runs`,
    ...otherCommands(stack, ports, allowed),
  ];
}

/** Other commands know the default ports by themselves; options tell them of others. */
function otherCommands(
  { sandboxUrl, storageUrl }: Stack,
  { sandbox, storage }: Ports,
  allowed: string | undefined,
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
    command('doctor', sandboxPort + storagePort),
  ];
}

function firstOf(list = ''): string | undefined {
  return list.split(/[\s,;]+/).find((name) => name !== '');
}
