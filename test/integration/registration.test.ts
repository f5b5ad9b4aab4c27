// What the built bundle registers with a host, whatever the settings.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RegisteredFunction } from '../../localHost/functionsCore.ts';
import type { FromFunctions } from '../../localHost/processMessages.ts';
import { ROOT } from '../support/localApp.ts';

/** Loads the bundle in its own process with a stand-in for the host's core. */
function load(env: NodeJS.ProcessEnv): Promise<readonly RegisteredFunction[]> {
  const child = fork(join(ROOT, 'localHost/functionsMain.ts'), [join(ROOT, 'dist/index.js')], {
    env,
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromFunctions) => {
      child.kill();
      if (message.type === 'ready') resolve(message.functions);
      else reject(new Error(JSON.stringify(message)));
    });
  });
}

function triggers(functions: readonly RegisteredFunction[]) {
  return functions
    .map(({ name, bindings }) => {
      const { type, methods, authLevel, route, schedule, queueName, connection } =
        Object.values(bindings).find((binding) => binding.type.endsWith('Trigger')) ?? {};
      return { name, type, methods, authLevel, route, schedule, queueName, connection };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

const http = (name: string, route: string, method: string, authLevel: string) => {
  const hasHead = method === 'GET' && name !== 'latestSubject';
  return { name, type: 'httpTrigger', methods: hasHead ? [method, 'HEAD'] : [method], authLevel, route };
};

const queue = (name: string, queueName: string) => {
  return { name, type: 'queueTrigger', queueName, connection: 'AzureWebJobsStorage' };
};

const expected = (schedule: string, authLevel = 'function') => [
  queue('deliverAlert', 'drift-alerts'),
  http('getMailbox', 'mailboxes/{mailbox}', 'GET', authLevel),
  http('getRun', 'runs/{id}', 'GET', authLevel),
  queue('giveUpShard', 'poll-shards-poison'),
  http('health', 'health', 'GET', 'anonymous'),
  http('latestSubject', 'mailboxes/{mailbox}/latest-subject', 'GET', authLevel),
  http('listDrift', 'drift', 'GET', authLevel),
  http('listMailboxes', 'mailboxes', 'GET', authLevel),
  http('listRuns', 'runs', 'GET', authLevel),
  http('listScopes', 'scopes', 'GET', authLevel),
  http('mailboxHistory', 'mailboxes/{mailbox}/history', 'GET', authLevel),
  http('metrics', 'metrics', 'GET', authLevel),
  http('openApi', 'openapi.json', 'GET', 'anonymous'),
  { name: 'pollMailboxes', type: 'timerTrigger', schedule },
  queue('pollShard', 'poll-shards'),
  http('startRun', 'runs', 'POST', authLevel),
];

const DEFAULT = '0 */15 * * * *';

describe('the bundle', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['the example', { ALLOWED_MAILBOXES: 'support@contoso.example', DENIED_MAILBOXES: 'cch@contoso.example' }],
    ['none at all', {}],
    ['a mailbox with a slash', { ALLOWED_MAILBOXES: 'a/b' }],
    ['a malformed schedule', { POLL_SCHEDULE: 'often' }],
    ['an empty schedule', { POLL_SCHEDULE: '' }],
    ['a Graph that is none', { GRAPH_ENDPOINT: 'nowhere' }],
    ['an identity that is none', { GRAPH_IDENTITY: 'me' }],
    ['an incomplete app registration', { GRAPH_IDENTITY: 'app-registration' }],
    ['numbers that are none', { SHARD_SIZE: 'x', POLL_CONCURRENCY: '-1', RETENTION_MONTHS: '1e9' }],
    ['no storage', { AzureWebJobsStorage: 'nowhere' }],
    ['bad alert settings', { ALERT_WEBHOOK_URL: 'x', ALERT_WEBHOOK_FORMAT: 'x', PAUSE_ALERTS_UNTIL: 'x' }],
  ])('registers every function with settings like %s', async (_, env) => {
    expect(triggers(await load(env))).toEqual(expected(DEFAULT));
  });

  it.each([
    ['entra', 'anonymous'],
    ['key', 'function'],
    ['Entra', 'function'],
    [' entra', 'function'],
    ['anonymous', 'function'],
  ])('registers functions with API_AUTH "%s" as %s', async (value, authLevel) => {
    expect(triggers(await load({ API_AUTH: value }))).toEqual(expected(DEFAULT, authLevel));
  });

  it('registers the schedule that is set', async () => {
    expect(triggers(await load({ POLL_SCHEDULE: '0 */5 * * * *' }))).toEqual(expected('0 */5 * * * *'));
  });
});
