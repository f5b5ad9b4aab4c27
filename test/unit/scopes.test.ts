// Which settings each scope has, what stops it, and what stops all.
import { describe, expect, it } from 'vitest';
import { FIELDS } from '../../src/settings/fields.ts';
import { readScopes, SCOPE_SETTINGS, whichScopes } from '../../src/settings/scopes.ts';

const GENERAL = {
  ALLOWED_MAILBOXES: 'support@contoso.example',
  DENIED_MAILBOXES: 'cch@contoso.example',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
};
const TWO = { ...GENERAL, SCOPES: 'default, crm' };

const scopesOf = (environment: Record<string, string>) =>
  Object.fromEntries(readScopes(environment).scopes.map((scope) => [scope.name, scope]));
const faultsIn = (environment: Record<string, string>) => {
  const { faults, scopes } = readScopes(environment);
  const own = scopes.map(({ name, settings, faults: all }) => [
    name,
    settings === undefined ? 'stopped' : 'runs',
    ...all.map(({ setting, kind }) => `${setting} ${kind}`),
  ]);
  return { all: faults.map(({ setting, kind }) => `${setting} ${kind}`), own };
};

describe('without SCOPES', () => {
  it('there is one scope, default, with the settings as they are', () => {
    const { scopes, faults } = readScopes(GENERAL);
    expect(faults).toEqual([]);
    expect(scopes).toHaveLength(1);
    expect(scopes[0]).toMatchObject({ name: 'default', faults: [] });
    expect(scopes[0].settings?.mailboxes.size).toBe(2);
  });

  it('the faults of all settings stop it', () => {
    const { scopes, faults } = readScopes({ ...GENERAL, SHARD_SIZE: '0', LOCKOUT_AFTER_RUNS: 'x' });
    expect(scopes[0].settings).toBeUndefined();
    expect(scopes[0].faults.map(({ setting }) => setting)).toEqual(['LOCKOUT_AFTER_RUNS', 'SHARD_SIZE']);
    expect(faults.map(({ setting }) => setting)).toEqual(['SHARD_SIZE']);
  });
});

describe('SCOPES', () => {
  it.each([
    ['default, crm', ['default', 'crm']],
    ['crm;hr\nx1 , a', ['crm', 'hr', 'x1', 'a']],
    ['', ['default']],
    ['a234567890123456', ['a234567890123456']],
  ])('%j lists %j', (text, names) => {
    expect(readScopes({ ...GENERAL, SCOPES: text }).scopes.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['Crm', 'malformed', 'names "Crm". Use small letters and digits, a letter first, at most 16 in a name.'],
    ['default, 1crm', 'malformed', 'names "1crm". Use small letters and digits, a letter first, at most 16 in a name.'],
    ['a2345678901234567', 'malformed', 'names "a2345678901234567". Use small letters'],
    ['crm__x', 'malformed', 'names "crm__x". Use small letters'],
    ['a, b, a', 'contradictory', 'names "a" twice. Keep one of them.'],
    [
      Array.from({ length: 51 }, (_, index) => `s${index}`).join(),
      'out-of-range',
      'names 51 scopes. Use from 1 to 50.',
    ],
    [' , ;', 'out-of-range', 'names 0 scopes.'],
  ])('%j stops all', (text, kind, says) => {
    const { faults, scopes } = readScopes({ ...GENERAL, SCOPES: text, crm__ALLOWED_MAILBOXES: 'a@contoso.example' });
    expect(faults).toMatchObject([{ setting: 'SCOPES', kind }]);
    expect(faults[0]?.message).toContain(`SCOPES ${says}`);
    expect(scopes).toHaveLength(1);
    expect(scopes[0].settings).toBeUndefined();
  });

  it('may list fifty', () => {
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    const { scopes, faults } = readScopes({ ...GENERAL, SCOPES: names.join(' ') });
    expect(faults).toEqual([]);
    expect(scopes.filter(({ settings }) => settings)).toHaveLength(50);
  });
});

describe('a setting of one scope', () => {
  it('replaces the general value, for this scope alone', () => {
    const { default: first, crm } = scopesOf({ ...TWO, LOCKOUT_AFTER_RUNS: '5', crm__LOCKOUT_AFTER_RUNS: '3' });
    expect(first?.settings?.rules.lockoutAfterRuns).toBe(5);
    expect(crm?.settings?.rules.lockoutAfterRuns).toBe(3);
    expect(crm?.settings?.mailboxes).toEqual(first?.settings?.mailboxes);
  });

  it('set to nothing is the default that is built in', () => {
    const { crm } = scopesOf({ ...TWO, LOCKOUT_AFTER_RUNS: '5', crm__LOCKOUT_AFTER_RUNS: '' });
    expect(crm?.settings?.rules.lockoutAfterRuns).toBe(2);
  });

  it('works for the scope default too', () => {
    const { default: first, crm } = scopesOf({ ...TWO, default__RETENTION_MONTHS: '2' });
    expect([first?.settings?.retentionMonths, crm?.settings?.retentionMonths]).toEqual([2, 13]);
  });

  it.each(['ALLOWED_MAILBOXES', 'MAILBOXES_FILE'])('that is %s keeps the general lists out', (setting) => {
    const { crm } = scopesOf({ ...TWO, [`crm__${setting}`]: 'crm@contoso.example' });
    expect([...(crm?.settings?.mailboxes.keys() ?? [])]).toEqual(
      setting === 'ALLOWED_MAILBOXES' ? ['crm@contoso.example'] : [],
    );
  });

  it('that is a part of an identity keeps the general identity out', () => {
    const app = { GRAPH_IDENTITY: 'app-registration', AZURE_TENANT_ID: 't', AZURE_CLIENT_SECRET: 's' };
    const { default: first, crm } = scopesOf({ ...TWO, ...app, AZURE_CLIENT_ID: 'one', crm__AZURE_CLIENT_ID: 'two' });
    expect(first?.settings?.graphIdentity).toMatchObject({ kind: 'app-registration', clientId: 'one' });
    expect(crm?.settings?.graphIdentity).toEqual({ kind: 'managed-identity', clientId: 'two' });
  });

  it('may put the scope into another tenant and cloud', () => {
    const app = { GRAPH_IDENTITY: 'app-registration', AZURE_CLIENT_ID: 'app', AZURE_CLIENT_SECRET: 's' };
    const own = Object.entries({
      ...app,
      AZURE_TENANT_ID: 'theirs',
      AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us',
    });
    const { default: first, crm } = scopesOf({
      ...TWO,
      ...app,
      AZURE_TENANT_ID: 'ours',
      ...Object.fromEntries(own.map(([name, value]) => [`crm__${name}`, value])),
      crm__GRAPH_ENDPOINT: 'https://graph.microsoft.us',
    });
    expect([first?.faults, crm?.faults]).toEqual([[], []]);
    expect(first?.settings?.graphIdentity).toMatchObject({ tenantId: 'ours', authorityHost: undefined });
    expect(crm?.settings).toMatchObject({
      graphEndpoint: 'https://graph.microsoft.us',
      graphIdentity: { tenantId: 'theirs' },
    });
  });

  it('is named as it is written, with the others of its group', () => {
    const identity = { crm__GRAPH_IDENTITY: 'app-registration', crm__AZURE_CLIENT_ID: 'two' };
    expect(faultsIn({ ...TWO, ...identity })).toEqual({
      all: [],
      own: [
        ['default', 'runs'],
        ['crm', 'stopped', 'crm__AZURE_TENANT_ID missing', 'crm__AZURE_CLIENT_SECRET missing'],
      ],
    });
    const { crm } = scopesOf({ ...TWO, crm__DENIED_MAILBOXES: 'cch@contoso.example' });
    expect(crm?.faults[0]?.message).toBe(
      'crm__ALLOWED_MAILBOXES is empty. List a mailbox that the app can read: without one, a refusal of a denied mailbox proves nothing.',
    );
  });

  it('that turns the webhook off needs no word about its secret', () => {
    const webhook = {
      ALERT_WEBHOOK_URL: 'https://alerts.contoso.example/',
      ALERT_WEBHOOK_SECRET: 'whsec_MTIzNDU2Nzg=',
    };
    const { default: first, crm } = scopesOf({ ...TWO, ...webhook, crm__ALERT_WEBHOOK_URL: '' });
    expect(first?.settings?.alerts).toBeDefined();
    expect(crm).toMatchObject({ faults: [], settings: { alerts: undefined } });
  });
});

describe('a fault', () => {
  it.each([
    ['of a scope stops this scope', { crm__LOCKOUT_AFTER_RUNS: '0' }, [], 'runs', 'stopped'],
    ['of a general value stops whoever uses it', { LOCKOUT_AFTER_RUNS: '0' }, [], 'stopped', 'stopped'],
    [
      'of a general value spares whoever has another',
      { LOCKOUT_AFTER_RUNS: '0', crm__LOCKOUT_AFTER_RUNS: '1' },
      [],
      'stopped',
      'runs',
    ],
    ['that is for all alike stops all', { SHARD_SIZE: '0' }, ['SHARD_SIZE out-of-range'], 'stopped', 'stopped'],
    [
      'of the platform stops all',
      { WEBSITE_TIME_ZONE: 'W. Europe Standard Time' },
      ['WEBSITE_TIME_ZONE contradictory'],
      'stopped',
      'stopped',
    ],
  ])('%s', (_, more, all, first, second) => {
    const found = faultsIn({ ...TWO, ...(more as Record<string, string>) });
    expect(found.all).toEqual(all);
    expect(found.own.map(([, runs]) => runs)).toEqual([first, second]);
  });
});

describe('a setting that looks like one of a scope', () => {
  it.each([
    ['hr__ALLOWED_MAILBOXES', [['hr__ALLOWED_MAILBOXES contradictory'], 'runs']],
    ['my-crm__ALERT_WEBHOOK_URL', [['my-crm__ALERT_WEBHOOK_URL contradictory'], 'runs']],
    ['hr__SHARD_SIZE', [['hr__SHARD_SIZE contradictory'], 'runs']],
    ['CRM__DENIED_MAILBOXES', [[], 'stopped', 'CRM__DENIED_MAILBOXES malformed']],
    ['crm__SHARD_SIZE', [[], 'stopped', 'crm__SHARD_SIZE contradictory']],
    ['crm__AzureWebJobsStorage', [[], 'stopped', 'crm__AzureWebJobsStorage contradictory']],
    ['crm__OWNER', [[], 'stopped', 'crm__OWNER contradictory']],
    ['crm__allowed_mailboxes', [[], 'stopped', 'crm__allowed_mailboxes malformed']],
    ['crm__DENIED_MAILBOX', [[], 'stopped', 'crm__DENIED_MAILBOX malformed']],
    ['crm__', [[], 'stopped', 'crm__ malformed']],
    ['crm__hr__ALLOWED_MAILBOXES', [[], 'stopped', 'crm__hr__ALLOWED_MAILBOXES malformed']],
    // Nobody's business.
    ['AzureFunctionsJobHost__logging', [[], 'runs']],
    ['hr__SOMETHING', [[], 'runs']],
    ['APPSETTING_hr__ALLOWED_MAILBOXES', [[], 'runs']],
    ['__ALLOWED_MAILBOXES', [[], 'runs']],
  ])('%s', (variable, [all, runs, ...own]) => {
    const found = faultsIn({ ...TWO, [variable]: 'support@contoso.example' });
    expect(found.all).toEqual(all);
    expect(found.own[0]).toEqual(['default', 'runs']);
    expect(found.own[1]?.slice(1)).toEqual([runs, ...own]);
  });

  it('says what to do', () => {
    const [first, second] = [
      readScopes({ ...TWO, hr__GRAPH_IDENTITY: 'developer' }).faults[0]?.message,
      scopesOf({ ...TWO, Crm__GRAPH_IDENTITY: 'developer' }).crm?.faults[0]?.message,
    ];
    expect(first).toBe(
      'hr__GRAPH_IDENTITY belongs to no scope: SCOPES does not list "hr". Add it there, or remove the setting.',
    );
    expect(second).toBe('Crm__GRAPH_IDENTITY is not read, because SCOPES has "crm". Name it crm__GRAPH_IDENTITY.');
  });
});

it('the settings of a scope are all fields but those for all alike', () => {
  const general = Object.keys(FIELDS.shape).filter((name) => !SCOPE_SETTINGS.includes(name));
  expect(general.filter((name) => !name.startsWith('AzureWebJobsStorage'))).toEqual([
    'SCOPES',
    'POLL_SCHEDULE',
    'SHARD_SIZE',
    'POLL_CONCURRENCY',
    'PUBLIC_URL',
  ]);
});

it.each([
  [['default'], 'The only one is "default".'],
  [['default', 'crm'], 'Use one of default, crm.'],
])('whoever names a scope that there is not learns which there are: %j', (names, sentence) => {
  expect(whichScopes(names)).toBe(sentence);
});
