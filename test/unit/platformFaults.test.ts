// Settings that the platform reads as well: the time zone, and references to Key Vault that it left in place.
import { describe, expect, it } from 'vitest';
import { readConfiguration, registeredPollSchedule } from '../../src/settings/settings.ts';

const GOOD = {
  ALLOWED_MAILBOXES: 'support@contoso.example',
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
};
const ON_PLATFORM = { ...GOOD, WEBSITE_SITE_NAME: 'func-mailscope' };
const faultsOf = (environment: Record<string, string>) => readConfiguration(environment).faults;

describe('the time zone', () => {
  it.each(
    [
      ['', 'UTC', 'utc', 'Etc/UTC', ' Etc/GMT ', 'GMT', 'GMT0', 'UCT', 'Zulu', 'Universal', ':UTC', 'UTC0'],
      ['Coordinated Universal Time', 'Etc/UCT', 'Greenwich'],
    ].flat(),
  )('may be UTC by any name: "%s"', (zone) => {
    expect(faultsOf({ ...ON_PLATFORM, WEBSITE_TIME_ZONE: zone, TZ: zone })).toEqual([]);
  });

  it.each([
    ...[
      'W. Europe Standard Time',
      'Europe/Berlin',
      'GMT Standard Time',
      'Etc/GMT+1',
      'Africa/Abidjan',
      'UTC+1',
      'Mars',
    ],
  ])('of WEBSITE_TIME_ZONE moves the schedule: "%s"', (zone) => {
    const text = `so the platform's timer would move against POLL_SCHEDULE, which is in UTC. Remove the setting.`;
    const fault = { kind: 'contradictory', stops: 'everything' };
    const named = (setting: string) => ({ ...fault, setting, message: `${setting} is "${zone}", ${text}` });
    expect(faultsOf({ ...GOOD, WEBSITE_TIME_ZONE: zone })).toEqual([named('WEBSITE_TIME_ZONE')]);
    expect(faultsOf({ ...ON_PLATFORM, TZ: zone })).toEqual([named('TZ')]);
  });

  it('of a developer’s machine does not matter', () => {
    expect(faultsOf({ ...GOOD, TZ: 'Europe/Berlin' })).toEqual([]);
  });
});

describe('a reference to Key Vault that was not resolved', () => {
  const VALUES = [
    '@Microsoft.KeyVault(SecretUri=https://vault-17.vault.azure.net/secrets/hidden/)',
    ' @microsoft.keyvault(VaultName=vault-17;SecretName=hidden)',
  ];
  const more: Record<string, Record<string, string>> = {
    AZURE_CLIENT_SECRET: { GRAPH_IDENTITY: 'app-registration', AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c' },
    ALERT_WEBHOOK_URL: { ALERT_WEBHOOK_SECRET: 'whsec_c2VjcmV0IG9m' },
    ALERT_WEBHOOK_SECRET: { ALERT_WEBHOOK_URL: 'https://hooks.contoso.example/x' },
    AZURE_TENANT_ID: { GRAPH_IDENTITY: 'app-registration', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 's' },
  };

  it.each([
    ...['AzureWebJobsStorage', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PASSWORD', 'ALERT_WEBHOOK_URL'],
    ...['ALERT_WEBHOOK_SECRET', 'HEARTBEAT_URL', 'ALLOWED_MAILBOXES', 'DENIED_MAILBOXES', 'POLL_SCHEDULE'],
    ...['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'GRAPH_ENDPOINT', 'OWNER', 'API_AUTH'],
  ])('is the only fault of %s, and is not shown', (setting) => {
    for (const value of VALUES) {
      const faults = faultsOf({ ...GOOD, ...more[setting], [setting]: value });
      expect(faults).toMatchObject([{ setting, kind: 'malformed' }]);
      expect(faults[0]?.message).toMatch(
        /^\w+ is a reference to Key Vault, @Microsoft\.KeyVault\(…\), that the platform/,
      );
      expect(JSON.stringify(faults)).not.toMatch(/vault-17|hidden/);
    }
  });

  it('stops alerts alone where it is one of theirs, and registers the default schedule', () => {
    const [value = ''] = VALUES;
    const configuration = readConfiguration({ ...GOOD, ALERT_WEBHOOK_URL: value });
    expect(configuration.settings?.alerts).toBeUndefined();
    expect(configuration.settings).toBeDefined();
    expect(registeredPollSchedule({ POLL_SCHEDULE: value })).toBe('0 */15 * * * *');
  });
});
