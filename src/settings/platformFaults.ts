// Faults of what others read as well: the time zone, references to Key Vault, the proxy, how callers show who they are.
import { apiAuthFault } from './apiAuth.ts';
import type { ReportFault } from './identity.ts';
import { isProxyAddress, PROXY_SETTINGS } from './proxy.ts';
import type { Environment } from './settings.ts';

/** All of these are UTC the whole year: names of Linux, of Windows, and what Windows shows. */
const UTC = /^:?((etc\/)?(utc|uct|gmt|zulu|universal|greenwich|gmt[+-]?0)|utc[+-]?0|coordinated universal time)$/i;

/** Says what is wrong with a reference that the platform left in place. It never repeats it: it names a vault. */
export const UNRESOLVED =
  'is a reference to Key Vault, @Microsoft.KeyVault(…), that the platform could not resolve. Check the reference, and that the app’s identity may read the secret (Key Vault Secrets User).';

/** Whether a value is a reference in place of the secret ("Use Key Vault references as app settings"). */
export function isUnresolved(value: string | undefined): boolean {
  return /^\s*@Microsoft\.KeyVault\(/i.test(value ?? '');
}

export function checkPlatform(environment: Environment, report: ReportFault): void {
  for (const setting of ['OWNER', 'API_AUTH']) {
    if (isUnresolved(environment[setting])) report(setting, 'malformed', UNRESOLVED);
  }
  const badAuth = apiAuthFault(environment);
  if (badAuth !== null) report('API_AUTH', 'malformed', badAuth);
  for (const setting of PROXY_SETTINGS) {
    const value = environment[setting]?.trim();
    if (value && !isProxyAddress(value)) report(setting, 'malformed', 'is not an http address. Use http://HOST:PORT.');
  }
  // A developer's machine may have any zone: the local host reads the schedule in UTC.
  const zones = environment.WEBSITE_SITE_NAME?.trim() ? ['WEBSITE_TIME_ZONE', 'TZ'] : ['WEBSITE_TIME_ZONE'];
  for (const setting of zones) {
    const zone = environment[setting]?.trim();
    if (zone && !UTC.test(zone)) report(setting, 'contradictory', zoneText(zone));
  }
}

function zoneText(zone: string): string {
  return `is "${zone.slice(0, 60)}", so the platform's timer would move against POLL_SCHEDULE, which is in UTC. Remove the setting.`;
}
