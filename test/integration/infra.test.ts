// The Azure templates: clean by every rule, and what a deployment would make of several sets of parameters.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FIELDS } from '../../src/settings/fields.ts';
import { readConfiguration } from '../../src/settings/settings.ts';
import { ALERT_QUEUE, SHARD_QUEUE } from '../../src/storage/queues.ts';
import {
  bicep,
  bicepVersion,
  INFRA,
  type Resource,
  runBicep,
  type Snapshot,
  snapshot,
  unformatted,
} from '../support/bicep.ts';
import { ROOT } from '../support/localApp.ts';
import { loggedEvents } from '../support/loggedEvents.ts';

/** Settings that the app reads and the templates leave out on purpose. */
const NOT_IN_THE_TEMPLATES: Readonly<Record<string, string>> = {
  SCOPES: 'it comes through moreSettings, with the settings of its scopes',
  AzureWebJobsStorage: 'a connection string has a shared key, and the storage account has none',
  AzureWebJobsStorage__accountName: 'the templates set the three addresses, which also fit national clouds',
  AzureWebJobsStorage__managedIdentityResourceId: 'the templates name the identity by its client id',
  AZURE_CLIENT_SECRET: 'an app registration trusts the managed identity, so there is no secret',
  AZURE_CLIENT_CERTIFICATE_PATH: 'the same, and the package holds no certificate',
  AZURE_CLIENT_CERTIFICATE_PASSWORD: 'the same',
};

/** Settings of the templates that the platform reads, and the app does not. */
const OF_THE_PLATFORM = [
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
];

/** Settings of the templates that the app does not read yet. A name must go from here as soon as the app reads it. */
const NOT_READ_YET = ['PUBLIC_URL'];

/** Settings that the app reads beside its fields. */
const GENERAL = ['API_AUTH', 'OWNER'];

/** Settings that Flex Consumption refuses, or that would bring a shared key. */
const NEVER = [
  'AzureWebJobsStorage',
  'FUNCTIONS_WORKER_RUNTIME',
  'FUNCTIONS_EXTENSION_VERSION',
  'WEBSITE_RUN_FROM_PACKAGE',
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
  'WEBSITE_CONTENTSHARE',
  'SCM_DO_BUILD_DURING_DEPLOYMENT',
  'ENABLE_ORYX_BUILD',
  'WEBSITE_NODE_DEFAULT_VERSION',
  'WEBSITE_TIME_ZONE',
  'TZ',
];

const SIGN_IN = '11111111-1111-1111-1111-111111111111';
const FEDERATED = '22222222-2222-2222-2222-222222222222';
const SHARED =
  '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-web/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-web';

/** Sets of parameters. Each test says which it looks at. */
const SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  defaults: {},
  everything: {
    allowedMailboxes: "'support@contoso.example'",
    deniedMailboxes: "'cch@contoso.example,ceo@contoso.example'",
    mailboxesFile: "'blob:lists/mailboxes.csv'",
    graphResource: "'calendar'",
    pollIntervalMinutes: '30',
    federatedClientId: `'${FEDERATED}'`,
    graphEndpoint: "'https://graph.microsoft.us'",
    authorityHost: "'https://login.microsoftonline.us'",
    alertWebhookUrl: "'https://hooks.contoso.example/secret-path'",
    alertWebhookFormat: "'teams'",
    alertWebhookSecret: "'whsec_c2VjcmV0c2VjcmV0'",
    heartbeatUrl: "'https://beat.contoso.example/secret-path'",
    pauseAlertsUntil: "'2026-12-24T18:00:00Z'",
    tuning:
      '{ PROPAGATION_MINUTES: 60, LOCKOUT_AFTER_RUNS: 3, UNVERIFIED_AFTER_RUNS: 4, STORE_SUBJECTS: false, RETENTION_MONTHS: 6, SHARD_SIZE: 400, POLL_CONCURRENCY: 8, ALERT_REMINDER_HOURS: 12 }',
    owner: "'func-old'",
    publicUrl: "'https://mailscope.contoso.example'",
    signInClientId: `'${SIGN_IN}'`,
    alwaysReady: "'api'",
    virtualNetwork: 'true',
    alertEmails: "'ops@contoso.example, night@contoso.example'",
    actionGroupId:
      "'/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-ops/providers/Microsoft.Insights/actionGroups/ag-ops'",
    maximumInstanceCount: '4',
    instanceMemoryMB: '512',
  },
  own: {
    identityType: "'SystemAssigned'",
    pollIntervalMinutes: '60',
    signInClientId: `'${SIGN_IN}'`,
    alwaysReady: "'timer'",
  },
  shared: {
    existingIdentityId: `'${SHARED}'`,
    pollIntervalMinutes: '5',
    pollSchedule: "'30 */5 * * * *'",
    moreSettings: "{ NODE_OPTIONS: '-x' }",
  },
  seldom: { pollIntervalMinutes: '720' },
  bare: { alertRules: 'false', availabilityTest: 'false' },
};

const made = new Map<string, Snapshot>();
function of(set: string): Snapshot {
  const found = made.get(set) ?? snapshot(SETS[set]);
  made.set(set, found);
  return found;
}

const all = (set: string, type: string) => of(set).resources.filter((one) => one.type === type);

function one(set: string, type: string, name = ''): Resource {
  const found = all(set, type).filter((resource) => resource.name.endsWith(name));
  expect(found, `${type} ${name}`).toHaveLength(1);
  return found[0] as Resource;
}

const settingsIn = (set: string): Readonly<Record<string, string>> =>
  one(set, 'Microsoft.Web/sites/config', '/appsettings').properties;

const files = readdirSync(INFRA, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.bicep'))
  .map((name) => name.replaceAll(sep, '/'));

describe.skipIf(bicep === undefined)('the templates', () => {
  it('are clean by every rule, and fetch no module', () => {
    expect(bicepVersion()).toContain('0.49.2');
    expect(runBicep(['lint', '--pattern', '**/*.bicep', '--no-restore'])).toBe('');
    expect(runBicep(['build', '--pattern', '**/*.bicep', '--no-restore'])).toBe('');
    for (const file of files)
      expect(readFileSync(join(INFRA, file), 'utf8')).not.toMatch(/'(?:br|ts)[:/]|^extension /m);
  });

  it('are formatted', () => {
    expect(unformatted(files)).toEqual([]);
  });

  it('turn every rule into an error', () => {
    const { analyzers } = JSON.parse(readFileSync(join(INFRA, 'bicepconfig.json'), 'utf8'));
    const rules: readonly { readonly level: string }[] = Object.values(analyzers.core.rules);
    expect(rules.length).toBeGreaterThan(40);
    expect(rules.filter(({ level }) => level !== 'error')).toEqual([]);
  });

  it('describe every parameter of the deployment', () => {
    const main = readFileSync(join(INFRA, 'main.bicep'), 'utf8');
    const described = /@description\('[^\n]+'\)\n(?:@\w+(?:\(\d*\))?\n)*param (\w+)/g;
    const names = [...main.matchAll(/^param (\w+)/gm)].map(([, name]) => name);
    expect([...main.matchAll(described)].map(([, name]) => name)).toEqual(names);
  });

  it('give azd only parameters that exist, each by a default', () => {
    const { parameters } = JSON.parse(readFileSync(join(INFRA, 'main.parameters.json'), 'utf8'));
    const main = readFileSync(join(INFRA, 'main.bicep'), 'utf8');
    const names = [...main.matchAll(/^param (\w+)/gm)].map(([, name]) => name);
    expect(Object.keys(parameters).filter((name) => !names.includes(name))).toEqual([]);
    // Without a default azd would ask for each of them.
    for (const { value } of Object.values<{ value: unknown }>(parameters)) expect(value).toMatch(/^\$\{\w+=[^}]*\}$/);
    expect([...main.matchAll(/^param \w+ (?:(?!=).)*$/gm)].map(([line]) => line)).toEqual([]);
  });
});

describe.skipIf(bicep === undefined)('a deployment', () => {
  it.each([
    ['defaults', 'Microsoft.ManagedIdentity/userAssignedIdentities', 1],
    ['own', 'Microsoft.ManagedIdentity/userAssignedIdentities', 0],
    ['shared', 'Microsoft.ManagedIdentity/userAssignedIdentities', 0],
    ['defaults', 'Microsoft.Network/virtualNetworks', 0],
    ['everything', 'Microsoft.Network/virtualNetworks', 1],
    ['everything', 'Microsoft.Network/privateEndpoints', 3],
    ['everything', 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups', 3],
    ['everything', 'Microsoft.Network/privateDnsZones', 3],
    ['everything', 'Microsoft.Network/privateDnsZones/virtualNetworkLinks', 3],
    ['defaults', 'Microsoft.Insights/scheduledQueryRules', 5],
    ['bare', 'Microsoft.Insights/scheduledQueryRules', 0],
    ['defaults', 'Microsoft.Insights/webtests', 1],
    ['bare', 'Microsoft.Insights/webtests', 0],
    ['bare', 'Microsoft.Insights/metricAlerts', 0],
    ['bare', 'Microsoft.Insights/actionGroups', 0],
    ['defaults', 'Microsoft.Authorization/roleAssignments', 4],
  ])('with %s makes of %s exactly %i', (set, type, count) => {
    expect(all(set, type)).toHaveLength(count);
  });

  it('makes nothing that these tests do not know', () => {
    const known = [
      'Microsoft.Authorization/roleAssignments',
      'Microsoft.Insights/actionGroups',
      'Microsoft.Insights/components',
      'Microsoft.Insights/metricAlerts',
      'Microsoft.Insights/scheduledQueryRules',
      'Microsoft.Insights/webtests',
      'Microsoft.ManagedIdentity/userAssignedIdentities',
      'Microsoft.OperationalInsights/workspaces',
      'Microsoft.Storage/storageAccounts',
      'Microsoft.Storage/storageAccounts/blobServices',
      'Microsoft.Storage/storageAccounts/blobServices/containers',
      'Microsoft.Web/serverfarms',
      'Microsoft.Web/sites',
      'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
      'Microsoft.Web/sites/config',
    ];
    expect([...new Set(of('defaults').resources.map(({ type }) => type))].sort()).toEqual(known);
  });

  it('runs Node 24 on Flex Consumption, with nothing that this plan refuses', () => {
    expect(one('defaults', 'Microsoft.Web/serverfarms')).toMatchObject({
      sku: { tier: 'FlexConsumption', name: 'FC1' },
      properties: { reserved: true },
    });
    const { properties } = one('defaults', 'Microsoft.Web/sites');
    expect(properties.functionAppConfig.runtime).toEqual({ name: 'node', version: '24' });
    expect(properties.siteConfig).toEqual({ minTlsVersion: '1.2' });
    expect(properties.functionAppConfig.scaleAndConcurrency).toEqual({
      instanceMemoryMB: 2048,
      maximumInstanceCount: 2,
      alwaysReady: [],
    });
    for (const set of Object.keys(SETS)) {
      expect(Object.keys(settingsIn(set)).filter((name) => NEVER.includes(name))).toEqual([]);
    }
  });

  it('keeps an instance warm, and limits instances, where it is told to', () => {
    const scale = (set: string) => one(set, 'Microsoft.Web/sites').properties.functionAppConfig.scaleAndConcurrency;
    expect(scale('everything')).toEqual({
      instanceMemoryMB: 512,
      maximumInstanceCount: 4,
      alwaysReady: [{ name: 'http', instanceCount: 1 }],
    });
    expect(scale('own').alwaysReady).toEqual([{ name: 'function:pollMailboxes', instanceCount: 1 }]);
  });

  it('refuses more than four instances, and memory that the plan does not have', () => {
    expect(() => snapshot({ instanceMemoryMB: '1024' })).toThrow(/BCP036|BCP033/);
    expect(() => snapshot({ maximumInstanceCount: '5' })).toThrow(/BCP|must be|maximum/i);
    expect(() => snapshot({ tuning: '{ SHARD_SIZES: 1 }' })).toThrow(/BCP037|BCP089/);
  });

  it.each(Object.keys(SETS))('with %s has no key and no password anywhere', (set) => {
    expect(one(set, 'Microsoft.Storage/storageAccounts').properties).toMatchObject({
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      defaultToOAuthAuthentication: true,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
    });
    for (const container of all(set, 'Microsoft.Storage/storageAccounts/blobServices/containers'))
      expect(container.properties).toEqual({ publicAccess: 'None' });
    const site = one(set, 'Microsoft.Web/sites').properties;
    expect(site).toMatchObject({ httpsOnly: true, siteConfig: { minTlsVersion: '1.2' } });
    const publishing = all(set, 'Microsoft.Web/sites/basicPublishingCredentialsPolicies');
    expect(publishing.map(({ name, properties }) => [name.split('/')[1], properties.allow])).toEqual([
      ['ftp', false],
      ['scm', false],
    ]);
    expect(one(set, 'Microsoft.Insights/components').properties.DisableLocalAuth).toBe(true);
    expect(one(set, 'Microsoft.OperationalInsights/workspaces').properties.features.disableLocalAuth).toBe(true);
    expect(site.functionAppConfig.deployment.storage.authentication.type).toMatch(/^(User|System)AssignedIdentity$/);
  });

  it('keeps secrets out of the preview', () => {
    expect(JSON.stringify(of('everything'))).not.toMatch(/secret-path|whsec_/);
  });

  it.each([
    ['defaults', /userAssignedIdentities\/id-mailscope-\w+', '[\d-]+'\)\.principalId/],
    [
      'own',
      /sites\/func-mailscope-\w+\/providers\/Microsoft\.ManagedIdentity\/identities\/default', '[\d-]+'\)\.principalId/,
    ],
    ['shared', /33333333-[\d-]+\/resourceGroups\/rg-web\/.*\/id-web', '[\d-]+'\)\.principalId/],
  ])('with %s gives its identity four roles, on its own storage account and logs alone', (set, principal) => {
    const roles = all(set, 'Microsoft.Authorization/roleAssignments').map(({ id, properties }) => {
      expect(properties.principalId).toMatch(principal);
      expect(properties.principalType).toBe('ServicePrincipal');
      const [, scope] = /providers\/([^/]+\/[^/]+)\/[^/]+\/providers\/Microsoft\.Authorization/.exec(id) ?? [];
      return `${scope} ${properties.roleDefinitionId.split('/').at(-1)}`;
    });
    expect(roles.sort()).toEqual([
      'Microsoft.Insights/components 3913510d-42f4-4e42-8a64-420c390055eb',
      'Microsoft.Storage/storageAccounts 0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
      'Microsoft.Storage/storageAccounts 974c5e8b-45b9-4653-ba55-5f855dd0fb88',
      'Microsoft.Storage/storageAccounts b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
    ]);
  });

  it('says which identity it is, and where the app is', () => {
    expect(Object.keys(of('defaults').outputs).sort()).toEqual([
      'appName',
      'appUrl',
      'identityApplicationId',
      'identityName',
      'identityObjectId',
      'logWorkspaceName',
      'storageAccountName',
    ]);
    expect(of('own').outputs.identityApplicationId).toContain("identities/default', '2024-11-30').clientId");
    expect(of('shared').outputs.identityApplicationId).toContain("id-web', '2024-11-30').clientId");
    expect(of('shared').outputs.identityName).toBe('id-web');
  });

  it('in a virtual network closes the storage account to everybody else', () => {
    expect(one('defaults', 'Microsoft.Storage/storageAccounts').properties.publicNetworkAccess).toBe('Enabled');
    expect(one('everything', 'Microsoft.Storage/storageAccounts').properties).toMatchObject({
      publicNetworkAccess: 'Disabled',
      networkAcls: { defaultAction: 'Deny' },
    });
    const network = one('everything', 'Microsoft.Network/virtualNetworks');
    const [app] = network.properties.subnets;
    expect(app.properties.delegations[0].properties.serviceName).toBe('Microsoft.App/environments');
    expect(one('everything', 'Microsoft.Web/sites').properties.virtualNetworkSubnetId).toBe(
      `${network.id}/subnets/${app.name}`,
    );
    const services = all('everything', 'Microsoft.Network/privateEndpoints').map(
      ({ properties }) => properties.privateLinkServiceConnections[0].properties.groupIds[0],
    );
    expect(services).toEqual(['blob', 'queue', 'table']);
  });

  it('with sign-in lets the app itself answer who is not signed in, and uses no client secret', () => {
    const config = one('everything', 'Microsoft.Web/sites/config', '/authsettingsV2').properties;
    expect(config.globalValidation).toEqual({
      requireAuthentication: false,
      unauthenticatedClientAction: 'AllowAnonymous',
    });
    expect(config.identityProviders.azureActiveDirectory).toMatchObject({
      enabled: true,
      registration: { clientId: SIGN_IN, clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID' },
      validation: { allowedAudiences: [SIGN_IN, `api://${SIGN_IN}`] },
    });
    expect(config.login).toEqual({ tokenStore: { enabled: false }, preserveUrlFragmentsForLogins: true });
    expect(settingsIn('everything')).toMatchObject({ API_AUTH: 'entra' });
    expect(settingsIn('everything').OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID).toContain('.clientId');
    expect(settingsIn('defaults').API_AUTH).toBeUndefined();
    expect(all('defaults', 'Microsoft.Web/sites/config').map(({ name }) => name.split('/')[1])).toEqual([
      'appsettings',
    ]);
    const own = one('own', 'Microsoft.Web/sites/config', '/authsettingsV2').properties;
    expect(own.identityProviders.azureActiveDirectory.registration.clientSecretSettingName).toBeUndefined();
  });
});

describe.skipIf(bicep === undefined)('the settings of a deployment', () => {
  const inTemplates = () => Object.keys(SETS).flatMap((set) => Object.keys(settingsIn(set)));

  it('are all that the app reads, except those that are left out on purpose', () => {
    const set = new Set(inTemplates());
    const missing = Object.keys(FIELDS.shape).filter((name) => !set.has(name) && !(name in NOT_IN_THE_TEMPLATES));
    expect(missing).toEqual([]);
  });

  it('are none that the app does not read, except those of the platform', () => {
    const others = [...new Set(inTemplates())].filter((name) => !(name in FIELDS.shape));
    expect(others.sort()).toEqual([...OF_THE_PLATFORM, ...GENERAL, ...NOT_READ_YET, 'NODE_OPTIONS'].sort());
  });

  it('have no exception that is no longer needed', () => {
    const set = new Set(inTemplates());
    expect(Object.keys(NOT_IN_THE_TEMPLATES).filter((name) => set.has(name) || !(name in FIELDS.shape))).toEqual([]);
    expect(NOT_READ_YET.filter((name) => name in FIELDS.shape)).toEqual([]);
  });

  it.each(Object.keys(SETS))('with %s are ones that the app accepts', (set) => {
    const known = Object.entries(settingsIn(set)).map(([name, value]) => [name, asInAzure(name, value)]);
    const values = Object.fromEntries(known);
    const { faults } = readConfiguration({ ...values, ALLOWED_MAILBOXES: values.ALLOWED_MAILBOXES ?? 'a@b.example' });
    expect(faults).toEqual([]);
  });

  /** What only Azure can evaluate, as it would be there. */
  function asInAzure(name: string, value: string): string {
    const address = /^\[format\('(https:[^']+)', '(\w+)', environment\(\)\.suffixes\.storage\)\]$/.exec(value);
    if (address) return (address[1] ?? '').replace('{0}', address[2] ?? '').replace('{1}', 'core.windows.net');
    if (value.startsWith('[parameters('))
      return name.endsWith('_SECRET') ? 'whsec_c2VjcmV0c2VjcmV0' : 'https://a.example';
    return value.startsWith('[') ? '44444444-4444-4444-4444-444444444444' : value;
  }

  it('name the client id of a user-assigned identity for storage, logs and Graph, and none for the other kind', () => {
    const names = (set: string) =>
      Object.keys(settingsIn(set)).filter((name) => /client_?id$/i.test(name) && !name.startsWith('OVERRIDE'));
    expect(names('defaults')).toEqual(['AzureWebJobsStorage__clientId', 'AZURE_CLIENT_ID']);
    expect(settingsIn('defaults').APPLICATIONINSIGHTS_AUTHENTICATION_STRING).toMatch(
      /^\[format\('ClientId=\{0\};Authorization=AAD', reference/,
    );
    expect(names('own')).toEqual([]);
    expect(settingsIn('own').APPLICATIONINSIGHTS_AUTHENTICATION_STRING).toBe('Authorization=AAD');
    expect(settingsIn('everything')).toMatchObject({ GRAPH_IDENTITY: 'federated', AZURE_CLIENT_ID: FEDERATED });
    expect(settingsIn('everything').GRAPH_FEDERATION_CLIENT_ID).toContain('.clientId');
  });

  it('take the values of the parameters', () => {
    expect(settingsIn('everything')).toMatchObject({
      ALLOWED_MAILBOXES: 'support@contoso.example',
      DENIED_MAILBOXES: 'cch@contoso.example,ceo@contoso.example',
      MAILBOXES_FILE: 'blob:lists/mailboxes.csv',
      POLL_SCHEDULE: '0 */30 * * * *',
      GRAPH_RESOURCE: 'calendar',
      STORE_SUBJECTS: 'false',
      SHARD_SIZE: '400',
      OWNER: 'func-old',
    });
    expect(settingsIn('own').POLL_SCHEDULE).toBe('0 0 */1 * * *');
    expect(settingsIn('seldom').POLL_SCHEDULE).toBe('0 0 */12 * * *');
    expect(settingsIn('shared')).toMatchObject({ POLL_SCHEDULE: '30 */5 * * * *', NODE_OPTIONS: '-x' });
    expect(settingsIn('defaults').ALLOWED_MAILBOXES).toBeUndefined();
  });
});

describe.skipIf(bicep === undefined)('the alert rules', () => {
  const rule = (set: string, title: string) => one(set, 'Microsoft.Insights/scheduledQueryRules', title).properties;
  const condition = (set: string, title: string) => rule(set, title).criteria.allOf[0];
  const LINES = `AppTraces | where Message startswith '{"event":' | extend line = parse_json(Message)`;

  it.each([
    [
      'no-completed-run',
      `${LINES} | where tostring(line.event) == 'run.completed' | project TimeGenerated, runId = tostring(line.runId)`,
      'LessThan',
      1,
      1,
    ],
    [
      'drift-opened',
      `${LINES} | where tostring(line.event) == 'drift.opened' | project TimeGenerated, mailbox = tostring(line.mailbox), kind = tostring(line.kind), runId = tostring(line.runId)`,
      'GreaterThan',
      0,
      1,
    ],
    [
      'run-incomplete',
      `${LINES} | where tostring(line.event) == 'run.closed' and tostring(line.status) == 'incomplete' | project TimeGenerated, runId = tostring(line.runId)`,
      'GreaterThan',
      0,
      2,
    ],
    [
      'poison-message',
      `AppTraces | where Message has '${SHARD_QUEUE}-poison' or Message has '${ALERT_QUEUE}-poison' | project TimeGenerated, Message`,
      'GreaterThan',
      0,
      2,
    ],
    [
      'exceptions',
      'AppExceptions | project TimeGenerated, OperationName, ExceptionType, OuterMessage',
      'GreaterThan',
      0,
      3,
    ],
  ])('%s asks the log and tells the action group', (title, query, operator, threshold, severity) => {
    expect(condition('defaults', title)).toMatchObject({ query, operator, threshold, timeAggregation: 'Count' });
    expect(rule('defaults', title)).toMatchObject({
      enabled: true,
      severity,
      autoMitigate: true,
      scopes: [one('defaults', 'Microsoft.OperationalInsights/workspaces').id],
      actions: { actionGroups: [one('defaults', 'Microsoft.Insights/actionGroups').id] },
    });
  });

  it.each([
    ['shared', 5, 'PT15M'],
    ['defaults', 15, 'PT45M'],
    ['everything', 30, 'PT2H'],
    ['own', 60, 'PT3H'],
    ['seldom', 720, 'P2D'],
  ])('with %s notice after three intervals of %i minutes that no run completed', (set, _minutes, window) => {
    expect(rule(set, 'no-completed-run').windowSize).toBe(window);
  });

  it('look at least once in each of their windows', () => {
    for (const { properties } of all('defaults', 'Microsoft.Insights/scheduledQueryRules')) {
      expect(minutesOf(properties.evaluationFrequency)).toBeLessThanOrEqual(minutesOf(properties.windowSize));
    }
  });

  const minutesOf = (duration: string) => Number(/^PT(\d+)M$/.exec(duration)?.[1]);

  it('name only events and fields that the app logs', () => {
    const events = loggedEvents();
    expect(events.size).toBeGreaterThan(15);
    for (const { name, properties } of all('everything', 'Microsoft.Insights/scheduledQueryRules')) {
      const { query } = properties.criteria.allOf[0];
      const [, event] = /tostring\(line\.event\) == '([^']+)'/.exec(query) ?? [];
      if (event === undefined) continue;
      const fields = events.get(event);
      expect(fields, `${name}: ${event}`).toBeInstanceOf(Set);
      const used = [...query.matchAll(/line\.(\w+)/g)].map(([, field]) => field).filter((field) => field !== 'event');
      expect(used.filter((field) => !fields?.has(field))).toEqual([]);
    }
  });

  it('tell two addresses and another action group where that is wanted', () => {
    const group = one('everything', 'Microsoft.Insights/actionGroups');
    expect(group.properties.emailReceivers.map(({ emailAddress }: { emailAddress: string }) => emailAddress)).toEqual([
      'ops@contoso.example',
      'night@contoso.example',
    ]);
    const told = rule('everything', 'drift-opened').actions.actionGroups;
    expect(told).toEqual([group.id, expect.stringContaining('/actionGroups/ag-ops')]);
    const { actions } = one('everything', 'Microsoft.Insights/metricAlerts').properties;
    expect(actions.map(({ actionGroupId }: { actionGroupId: string }) => actionGroupId)).toEqual(told);
  });

  it('include a test that calls health from outside', () => {
    const test = one('defaults', 'Microsoft.Insights/webtests');
    expect(test).toMatchObject({ kind: 'standard', properties: { Kind: 'standard', Enabled: true, Frequency: 900 } });
    expect(test.properties.Request.RequestUrl).toMatch(/^\[format\('https:\/\/\{0\}\/api\/health', reference/);
    expect(test.properties.ValidationRules).toMatchObject({ ExpectedHttpStatusCode: 200, SSLCheck: true });
    const insights = one('defaults', 'Microsoft.Insights/components').id;
    expect(test.tags).toEqual({ [`hidden-link:${insights}`]: 'Resource' });
    expect(one('defaults', 'Microsoft.Insights/metricAlerts').properties.criteria).toEqual({
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria',
      webTestId: test.id,
      componentId: insights,
      failedLocationCount: test.properties.Locations.length,
    });
  });

  it('lose no line to sampling', () => {
    const { logging } = JSON.parse(readFileSync(join(ROOT, 'host.json'), 'utf8'));
    expect(logging.applicationInsights.samplingSettings.excludedTypes.split(';')).toEqual(['Trace', 'Exception']);
  });
});
