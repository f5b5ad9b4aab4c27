// Every way a setting can be wrong, with its exact text.
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfiguration, registeredPollSchedule } from '../../src/settings/settings.ts';

const GOOD = {
  ALLOWED_MAILBOXES: 'support@contoso.example',
  DENIED_MAILBOXES: 'cch@contoso.example',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
};

function faultsOf(environment: Record<string, string>) {
  return readConfiguration({ ...GOOD, ...environment }).faults;
}

describe('good settings', () => {
  it('need no more than mailboxes and storage', () => {
    const { settings, faults } = readConfiguration(GOOD);
    expect(faults).toEqual([]);
    expect(settings).toMatchObject({
      pollSchedule: '0 */15 * * * *',
      graphEndpoint: 'https://graph.microsoft.com',
      graphIdentity: { kind: 'managed-identity' },
      rules: { propagationMinutes: 120, lockoutAfterRuns: 2, unverifiedAfterRuns: 3 },
      storeSubjects: true,
      retentionMonths: 13,
      shardSize: 500,
      pollConcurrency: 16,
    });
  });

  it('list mailboxes with commas, semicolons, spaces or lines, in any case and more than once', () => {
    const { settings } = readConfiguration({
      ...GOOD,
      ALLOWED_MAILBOXES: ' Support@contoso.example, sales@contoso.example;SALES@contoso.example\n',
      DENIED_MAILBOXES: 'cch@contoso.example ceo@contoso.example\r\nhr@contoso.example',
    });
    expect([...(settings?.mailboxes ?? [])]).toEqual([
      ['support@contoso.example', 'allowed'],
      ['sales@contoso.example', 'allowed'],
      ['cch@contoso.example', 'denied'],
      ['ceo@contoso.example', 'denied'],
      ['hr@contoso.example', 'denied'],
    ]);
  });

  it.each(['http://127.0.0.1:7075', 'http://localhost:7075/', 'https://graph.microsoft.us'])(
    'take %s as Graph',
    (url) => {
      expect(faultsOf({ GRAPH_ENDPOINT: url })).toEqual([]);
    },
  );

  it.each([
    ['a connection string', { AzureWebJobsStorage: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k' }],
    [
      'a signature',
      { AzureWebJobsStorage: 'TableEndpoint=https://x/;QueueEndpoint=https://y/;SharedAccessSignature=sv=1' },
    ],
    ['a connection string in small letters', { AzureWebJobsStorage: 'accountname=a;accountkey=k;' }],
    ['an emulator in any case', { AzureWebJobsStorage: ' usedevelopmentstorage=TRUE; ' }],
    [
      'a user-assigned identity by its resource id, in any case',
      {
        AzureWebJobsStorage: '',
        AzureWebJobsStorage__AccountName: 'contoso',
        AzureWebJobsStorage__credential: 'ManagedIdentity',
        AzureWebJobsStorage__managedIdentityResourceId:
          '/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mailscope',
      },
    ],
    ['an account and an identity', { AzureWebJobsStorage: '', AzureWebJobsStorage__accountName: 'contoso' }],
    [
      'addresses and a user-assigned identity',
      {
        AzureWebJobsStorage: '',
        AzureWebJobsStorage__tableServiceUri: 'https://contoso.table.core.windows.net',
        AzureWebJobsStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
        AzureWebJobsStorage__credential: 'managedidentity',
        AzureWebJobsStorage__clientId: 'c',
      },
    ],
  ])('take storage by %s', (_, environment) => {
    expect(faultsOf(environment)).toEqual([]);
  });

  it.each([
    ['True', true],
    ['FALSE', false],
    ['false', false],
  ])('take %s as people and templates write it', (text, value) => {
    expect(readConfiguration({ ...GOOD, STORE_SUBJECTS: text }).settings?.storeSubjects).toBe(value);
  });

  it('take the words of a choice in any case', () => {
    const { settings, faults } = readConfiguration({
      ...GOOD,
      GRAPH_IDENTITY: 'Managed-Identity',
      ALERT_WEBHOOK_URL: 'https://hooks.example',
      ALERT_WEBHOOK_FORMAT: 'Teams',
    });
    expect(faults).toEqual([]);
    expect(settings?.alerts?.format).toBe('teams');
  });

  it('take a list from a file or a blob, alone or together with the settings', () => {
    const none = { ALLOWED_MAILBOXES: '', DENIED_MAILBOXES: '' };
    expect(faultsOf({ ...none, MAILBOXES_FILE: 'lists/mailboxes.csv' })).toEqual([]);
    const { settings } = readConfiguration({ ...GOOD, MAILBOXES_FILE: 'blob:lists/2026/mailboxes.csv' });
    expect(settings?.listFile).toEqual({ kind: 'blob', container: 'lists', name: '2026/mailboxes.csv' });
  });

  it('count as not set when they are empty', () => {
    expect(faultsOf({ SHARD_SIZE: '', POLL_SCHEDULE: ' ', GRAPH_ENDPOINT: '' })).toEqual([]);
  });

  it('take the signed-in developer, with or without a tenant', () => {
    const identityOf = (environment: Record<string, string>) =>
      readConfiguration({ ...GOOD, GRAPH_IDENTITY: 'developer', ...environment }).settings?.graphIdentity;
    expect(identityOf({})).toEqual({ kind: 'developer', tenantId: undefined });
    expect(identityOf({ AZURE_TENANT_ID: 't' })).toEqual({ kind: 'developer', tenantId: 't' });
  });

  it('take an app registration with a secret or a certificate', () => {
    const app = { GRAPH_IDENTITY: 'app-registration', AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c' };
    expect(faultsOf({ ...app, AZURE_CLIENT_SECRET: 's' })).toEqual([]);
    expect(faultsOf({ ...app, AZURE_CLIENT_CERTIFICATE_PATH: '/etc/app.pem' })).toEqual([]);
  });
});

describe('a cloud', () => {
  const app = {
    GRAPH_IDENTITY: 'federated',
    AZURE_TENANT_ID: 't',
    AZURE_CLIENT_ID: 'c',
    GRAPH_FEDERATION_CLIENT_ID: 'm',
  };

  it.each([
    ['', '', 'api://AzureADTokenExchange'],
    ['', 'https://graph.microsoft.com', 'api://AzureADTokenExchange'],
    ['https://login.microsoftonline.us', 'https://graph.microsoft.us', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.microsoftonline.us', 'https://dod-graph.microsoft.us', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.chinacloudapi.cn', 'https://microsoftgraph.chinacloudapi.cn', 'api://AzureADTokenExchangeChina'],
    [
      'https://login.partner.microsoftonline.cn',
      'https://microsoftgraph.chinacloudapi.cn',
      'api://AzureADTokenExchangeChina',
    ],
    ['https://127.0.0.1:4433', 'http://127.0.0.1:7075', 'api://AzureADTokenExchange'],
    ['https://login.microsoftonline.us', 'http://127.0.0.1:7075', 'api://AzureADTokenExchangeUSGov'],
  ])('of the token service "%s" and the Graph "%s" exchanges tokens for %s', (authority, graph, exchangeAudience) => {
    const environment = { ...GOOD, ...app, AZURE_AUTHORITY_HOST: authority, GRAPH_ENDPOINT: graph };
    const { settings, faults } = readConfiguration(environment);
    expect(faults).toEqual([]);
    expect(settings?.graphIdentity).toMatchObject({
      kind: 'federated',
      managedIdentityClientId: 'm',
      exchangeAudience,
    });
  });

  it.each(['managed-identity', 'developer'])('of Graph alone counts for %s', (identity) => {
    const us = { GRAPH_ENDPOINT: 'https://graph.microsoft.us', AZURE_AUTHORITY_HOST: 'https://login.chinacloudapi.cn' };
    expect(faultsOf({ GRAPH_IDENTITY: identity, ...us })).toEqual([]);
  });
});

describe('a fault', () => {
  const names = 'Use a user principal name (with one @ and no /) or a directory object id.';
  const app = {
    GRAPH_IDENTITY: 'app-registration',
    AZURE_TENANT_ID: 't',
    AZURE_CLIENT_ID: 'c',
    AZURE_CLIENT_SECRET: 's',
  };
  const federated = {
    GRAPH_IDENTITY: 'federated',
    AZURE_TENANT_ID: 't',
    AZURE_CLIENT_ID: 'c',
    GRAPH_FEDERATION_CLIENT_ID: 'm',
  };
  const https = 'is not an https address. Use https, or plain http on this machine.';

  it.each<[string, string, Record<string, string>]>([
    [
      'missing',
      'AzureWebJobsStorage is missing. Set it to a connection string, or set AzureWebJobsStorage__accountName to use an identity.',
      { AzureWebJobsStorage: '' },
    ],
    [
      'malformed',
      'AzureWebJobsStorage is not a connection string of a storage account. Use one such as UseDevelopmentStorage=true or DefaultEndpointsProtocol=https;AccountName=…;AccountKey=….',
      { AzureWebJobsStorage: 'hunter2' },
    ],
    [
      'missing',
      'AzureWebJobsStorage has no QueueEndpoint. Mailscope uses tables and queues. Add QueueEndpoint=https://… to it.',
      { AzureWebJobsStorage: 'TableEndpoint=https://x/;SharedAccessSignature=sv=1' },
    ],
    [
      'missing',
      'AzureWebJobsStorage has no BlobEndpoint. MAILBOXES_FILE names a blob, so the address is needed. Add BlobEndpoint=https://… to it.',
      {
        AzureWebJobsStorage: 'TableEndpoint=https://x/;QueueEndpoint=https://y/;SharedAccessSignature=sv=1',
        MAILBOXES_FILE: 'blob:lists/mailboxes.csv',
      },
    ],
    [
      'malformed',
      'AzureWebJobsStorage has an AccountKey that is not base64. Copy the connection string again, with the whole key.',
      { AzureWebJobsStorage: 'AccountName=a;AccountKey=…' },
    ],
    [
      'malformed',
      'AzureWebJobsStorage__credential is "certificate". Use managedidentity, or remove the setting.',
      {
        AzureWebJobsStorage: '',
        AzureWebJobsStorage__accountName: 'a12',
        AzureWebJobsStorage__credential: 'certificate',
      },
    ],
    [
      'contradictory',
      'AzureWebJobsStorage__managedIdentityResourceId and AzureWebJobsStorage__clientId are both set. Keep the one that names the identity.',
      {
        AzureWebJobsStorage: '',
        AzureWebJobsStorage__accountName: 'contoso',
        AzureWebJobsStorage__clientId: 'c',
        AzureWebJobsStorage__managedIdentityResourceId: '/subscriptions/s/x/userAssignedIdentities/m',
      },
    ],
    [
      'malformed',
      'AzureWebJobsStorage__managedIdentityResourceId is not the resource id of a user-assigned identity. Use /subscriptions/…/userAssignedIdentities/NAME.',
      {
        AzureWebJobsStorage: '',
        AzureWebJobsStorage__accountName: 'contoso',
        AzureWebJobsStorage__managedIdentityResourceId: 'mailscope',
      },
    ],
    [
      'malformed',
      'AzureWebJobsStorage__clientSecret is not known to Mailscope. Remove it, or use one of accountName, tableServiceUri, queueServiceUri, blobServiceUri, credential, clientId, managedIdentityResourceId after the two underscores.',
      { AzureWebJobsStorage: '', AzureWebJobsStorage__accountName: 'contoso', AzureWebJobsStorage__clientSecret: 's' },
    ],
    [
      'malformed',
      'DENIED_MAILBOXES names "cch@contoso.example<U+00A0>". It holds U+00A0 (no-break space), which nobody sees. Type the name again, without it.',
      { DENIED_MAILBOXES: 'cch@contoso.example\u00a0' },
    ],
    [
      'malformed',
      'DENIED_MAILBOXES names "c<U+200B>ch@contoso.example" in line 2. It holds U+200B (zero width space), which nobody sees. Type the name again, without it.',
      { DENIED_MAILBOXES: 'ceo@contoso.example,\nc\u200bch@contoso.example' },
    ],
    [
      'malformed',
      'ALLOWED_MAILBOXES names "j?rgen@contoso.example". It holds "?" (U+003F): an export has probably lost a letter. Export the list as UTF-8.',
      { ALLOWED_MAILBOXES: 'j?rgen@contoso.example' },
    ],
    ['malformed', 'SHARD_SIZE is "5<U+200B>00". Use a whole number.', { SHARD_SIZE: '5\u200b00' }],
    [
      'missing',
      'AzureWebJobsStorage__queueServiceUri is missing. Mailscope uses tables and queues, so set both addresses.',
      { AzureWebJobsStorage: '', AzureWebJobsStorage__tableServiceUri: 'https://contoso.table.core.windows.net' },
    ],
    [
      'malformed',
      'AzureWebJobsStorage__accountName is "my account". Use the name of a storage account.',
      { AzureWebJobsStorage: '', AzureWebJobsStorage__accountName: 'my account' },
    ],
    [
      'malformed',
      `ALLOWED_MAILBOXES names "a/b@contoso.example". ${names}`,
      { ALLOWED_MAILBOXES: 'a/b@contoso.example' },
    ],
    ['malformed', `DENIED_MAILBOXES names "cch". ${names}`, { DENIED_MAILBOXES: 'cch' }],
    [
      'contradictory',
      'DENIED_MAILBOXES names "support@contoso.example", and so does ALLOWED_MAILBOXES. Keep each in one of them.',
      { DENIED_MAILBOXES: 'SUPPORT@contoso.example' },
    ],
    [
      'missing',
      'ALLOWED_MAILBOXES is empty, and so is DENIED_MAILBOXES. List the mailboxes that the app may read, here or in MAILBOXES_FILE.',
      { ALLOWED_MAILBOXES: '', DENIED_MAILBOXES: '' },
    ],
    [
      'missing',
      'ALLOWED_MAILBOXES is empty. List a mailbox that the app can read: without one, a refusal of a denied mailbox proves nothing.',
      { ALLOWED_MAILBOXES: ' ' },
    ],
    [
      'malformed',
      'MAILBOXES_FILE is "blob:lists". Write a blob as blob:<container>/<name>.',
      { MAILBOXES_FILE: 'blob:lists' },
    ],
    [
      'malformed',
      'POLL_SCHEDULE is "often": it needs six fields (second, minute, hour, day of the month, month, day of the week). Use NCRONTAB, such as 0 */15 * * * *.',
      { POLL_SCHEDULE: 'often' },
    ],
    ['malformed', `GRAPH_ENDPOINT ${https}`, { GRAPH_ENDPOINT: 'http://graph.microsoft.com' }],
    ['malformed', `GRAPH_ENDPOINT ${https}`, { GRAPH_ENDPOINT: 'graph' }],
    [
      'malformed',
      'GRAPH_ENDPOINT must be a scheme and a host without a path, such as https://graph.microsoft.com.',
      { GRAPH_ENDPOINT: 'https://graph.microsoft.com/v1.0' },
    ],
    [
      'malformed',
      'GRAPH_IDENTITY is "me". Use one of managed-identity, app-registration, federated, developer.',
      { GRAPH_IDENTITY: 'me' },
    ],
    [
      'missing',
      'AZURE_TENANT_ID is missing. GRAPH_IDENTITY is app-registration, which needs the id of the tenant whose mailboxes are read.',
      { ...app, AZURE_TENANT_ID: '' },
    ],
    [
      'missing',
      'AZURE_CLIENT_ID is missing. GRAPH_IDENTITY is app-registration, which needs the application (client) id.',
      { ...app, AZURE_CLIENT_ID: '' },
    ],
    [
      'missing',
      'AZURE_CLIENT_SECRET is missing. GRAPH_IDENTITY is app-registration, which needs this setting or AZURE_CLIENT_CERTIFICATE_PATH.',
      { ...app, AZURE_CLIENT_SECRET: '' },
    ],
    [
      'contradictory',
      'AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are both set. Keep the one that the app registration uses.',
      { ...app, AZURE_CLIENT_CERTIFICATE_PATH: '/x.pem' },
    ],
    [
      'missing',
      'AZURE_TENANT_ID is missing. GRAPH_IDENTITY is federated, which needs the id of the tenant whose mailboxes are read.',
      { ...federated, AZURE_TENANT_ID: '' },
    ],
    [
      'missing',
      'AZURE_CLIENT_ID is missing. GRAPH_IDENTITY is federated, which needs the application (client) id.',
      { ...federated, AZURE_CLIENT_ID: '' },
    ],
    [
      'missing',
      'GRAPH_FEDERATION_CLIENT_ID is missing. GRAPH_IDENTITY is federated, which needs the client id of the user-assigned managed identity that the app trusts.',
      { ...federated, GRAPH_FEDERATION_CLIENT_ID: '' },
    ],
    [
      'contradictory',
      'GRAPH_FEDERATION_CLIENT_ID is the same as AZURE_CLIENT_ID. Set it to the managed identity, and AZURE_CLIENT_ID to the app that trusts it.',
      { ...federated, GRAPH_FEDERATION_CLIENT_ID: 'c' },
    ],
    [
      'contradictory',
      'AZURE_AUTHORITY_HOST is https://login.microsoftonline.com (its default), but GRAPH_ENDPOINT https://graph.microsoft.us needs https://login.microsoftonline.us. Set both to the same cloud.',
      { ...app, GRAPH_ENDPOINT: 'https://graph.microsoft.us' },
    ],
    [
      'contradictory',
      'AZURE_AUTHORITY_HOST is https://login.microsoftonline.us, but GRAPH_ENDPOINT https://graph.microsoft.com needs https://login.microsoftonline.com. Set both to the same cloud.',
      { ...app, AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us' },
    ],
    [
      'contradictory',
      'AZURE_AUTHORITY_HOST is https://login.microsoftonline.us, but GRAPH_ENDPOINT https://microsoftgraph.chinacloudapi.cn needs https://login.chinacloudapi.cn or https://login.partner.microsoftonline.cn. Set both to the same cloud.',
      {
        ...federated,
        AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/',
        GRAPH_ENDPOINT: 'https://microsoftgraph.chinacloudapi.cn/',
      },
    ],
    ['malformed', 'PROPAGATION_MINUTES is "2h". Use a whole number.', { PROPAGATION_MINUTES: '2h' }],
    ['out-of-range', 'PROPAGATION_MINUTES is -1. Use a whole number from 0 to 10080.', { PROPAGATION_MINUTES: '-1' }],
    ['out-of-range', 'LOCKOUT_AFTER_RUNS is 0. Use a whole number from 1 to 1000.', { LOCKOUT_AFTER_RUNS: '0' }],
    ['out-of-range', 'UNVERIFIED_AFTER_RUNS is 0. Use a whole number from 1 to 1000.', { UNVERIFIED_AFTER_RUNS: '0' }],
    ['malformed', 'STORE_SUBJECTS is "yes". Use one of true, false.', { STORE_SUBJECTS: 'yes' }],
    ['out-of-range', 'RETENTION_MONTHS is 0. Use a whole number from 1 to 1200.', { RETENTION_MONTHS: '0' }],
    ['out-of-range', 'SHARD_SIZE is 0. Use a whole number from 1 to 5000.', { SHARD_SIZE: '0' }],
    ['malformed', 'POLL_CONCURRENCY is "1.5". Use a whole number.', { POLL_CONCURRENCY: '1.5' }],
    ['malformed', `ALERT_WEBHOOK_URL ${https}`, { ALERT_WEBHOOK_URL: 'http://hooks.fabrikam.example/secret' }],
    [
      'malformed',
      'ALERT_WEBHOOK_FORMAT is "email". Use one of cloudevents, teams, slack.',
      { ALERT_WEBHOOK_FORMAT: 'email' },
    ],
    [
      'contradictory',
      'ALERT_WEBHOOK_SECRET is set, but ALERT_WEBHOOK_URL is not. Set both or neither.',
      { ALERT_WEBHOOK_SECRET: 'whsec_c2VjcmV0MTIz' },
    ],
    [
      'malformed',
      'ALERT_WEBHOOK_SECRET is not a Standard Webhooks secret. Use whsec_ followed by base64.',
      { ALERT_WEBHOOK_SECRET: 'hunter2!', ALERT_WEBHOOK_URL: 'https://hooks.example' },
    ],
    [
      'out-of-range',
      'ALERT_REMINDER_HOURS is 9000. Use a whole number from 0 to 8760.',
      { ALERT_REMINDER_HOURS: '9000' },
    ],
    [
      'malformed',
      'PAUSE_ALERTS_UNTIL is "tomorrow". Use a time such as 2026-12-24T18:00:00Z.',
      { PAUSE_ALERTS_UNTIL: 'tomorrow' },
    ],
    ['malformed', `HEARTBEAT_URL ${https}`, { HEARTBEAT_URL: 'ping' }],
  ])('is %s: %s', (kind, message, environment) => {
    expect(faultsOf(environment)).toMatchObject([{ kind, message }]);
  });

  it('comes with all the others in one answer', () => {
    const faults = faultsOf({ ALLOWED_MAILBOXES: 'x', POLL_SCHEDULE: 'x', SHARD_SIZE: 'x', GRAPH_IDENTITY: 'x' });
    expect(faults.map(({ setting }) => setting)).toEqual([
      'ALLOWED_MAILBOXES',
      'POLL_SCHEDULE',
      'GRAPH_IDENTITY',
      'SHARD_SIZE',
    ]);
  });

  it.each([
    ['ALERT_WEBHOOK_FORMAT', 'email'],
    ['PAUSE_ALERTS_UNTIL', 'tomorrow'],
  ])('of %s stops alerts, not runs and not the heartbeat', (setting, value) => {
    const more = { ALERT_WEBHOOK_URL: 'https://hooks.example', HEARTBEAT_URL: 'https://beat.example' };
    const { settings, faults } = readConfiguration({ ...GOOD, ...more, [setting]: value });
    expect(faults).toMatchObject([{ setting, stops: 'alerts' }]);
    expect(settings).toMatchObject({ alerts: undefined, heartbeatUrl: expect.anything() });
  });

  it('of the heartbeat stops the heartbeat only', () => {
    const more = { ALERT_WEBHOOK_URL: 'https://hooks.example', HEARTBEAT_URL: 'ping' };
    const { settings, faults } = readConfiguration({ ...GOOD, ...more });
    expect(faults).toMatchObject([{ setting: 'HEARTBEAT_URL', stops: 'heartbeat' }]);
    expect(settings).toMatchObject({ alerts: expect.anything(), heartbeatUrl: undefined });
  });
});

describe('an address', () => {
  const webhook = (url: string) => faultsOf({ ALERT_WEBHOOK_URL: url }).map(({ message }) => message);

  it.each([
    'http://localhost',
    'http://LOCALHOST:7075/x',
    'http://127.0.0.1:7075/x?y',
    'http://127.9.8.7/',
    'http://[::1]:7075/',
    'http://user:word@127.0.0.1/',
    'https://127.1/',
    'https://hooks.contoso.example/x',
  ])('%s is good', (url) => {
    expect(webhook(url)).toEqual([]);
  });

  it.each([
    'http://0x7f.1',
    'http://127.1',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://127.0.0.01/',
    'http://１２７.0.0.1/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://localhost./',
    'http://localhost@evil.example/',
    'http:127.0.0.1',
    'http:\\\\localhost',
    'http://contoso.example',
  ])('%s is not written as this machine, so it needs https', (url) => {
    const text = 'is not an https address. Use https, or plain http on this machine.';
    expect(webhook(url)).toEqual([`ALERT_WEBHOOK_URL ${text}`]);
    expect(faultsOf({ GRAPH_ENDPOINT: url })).toMatchObject([{ setting: 'GRAPH_ENDPOINT', kind: 'malformed' }]);
  });

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://169.254.169.254./',
    'https://0xa9fea9fe/',
    'https://2852039166/',
    'https://0251.0376.0251.0376/',
    'https://①⑥⑨.254.169.254/',
    'https://169.254.170.2/',
    'https://169.254.1.1/',
    'https://168.63.129.16/',
    'https://100.100.100.200/',
    'https://[fd00:ec2::254]/',
    'https://[fd00:0ec2:0:0::254]/',
    'https://[fe80::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::169.254.169.254]/',
    'https://[64:ff9b::169.254.169.254]/',
    'https://metadata.google.internal/',
    'https://METADATA.Google.Internal./',
  ])('%s is a metadata service, which gets no alerts and no heartbeat', (url) => {
    const text =
      'names a metadata service or a link-local address, which the app must not call. Use the address of the receiver.';
    expect(webhook(url)).toEqual([`ALERT_WEBHOOK_URL ${text}`]);
    expect(faultsOf({ HEARTBEAT_URL: url })).toMatchObject([{ kind: 'malformed', message: `HEARTBEAT_URL ${text}` }]);
  });
});

describe('secrets', () => {
  const environment = {
    ...GOOD,
    GRAPH_IDENTITY: 'app-registration',
    AZURE_TENANT_ID: 't',
    AZURE_CLIENT_ID: 'c',
    AZURE_CLIENT_SECRET: 'hunter2',
  };

  it('never print', () => {
    const { settings } = readConfiguration(environment);
    expect(`${inspect(settings, { depth: 9 })} ${JSON.stringify(settings)}`).not.toContain('hunter2');
  });

  it('are never in a fault', () => {
    const faults = readConfiguration({
      ...environment,
      AZURE_CLIENT_CERTIFICATE_PATH: 'x',
      ALERT_WEBHOOK_URL: 'ftp://hooks/hunter2',
    }).faults;
    expect(faults).toHaveLength(2);
    expect(JSON.stringify(faults)).not.toContain('hunter2');
  });
});

describe('the registered schedule', () => {
  it.each([
    [undefined, '0 */15 * * * *'],
    ['often', '0 */15 * * * *'],
    ['0 */5 * * * *', '0 */5 * * * *'],
  ])('of %s is %s', (value, schedule) => {
    expect(registeredPollSchedule({ POLL_SCHEDULE: value })).toBe(schedule);
  });
});
