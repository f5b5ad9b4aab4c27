// The name under which this app owns its tables.
import type { Environment } from './settings.ts';

/** OWNER, else the platform's name of the app and of its slot, else `local`. */
export function ownerOf(environment: Environment): string {
  const [owner, site, slot] = ['OWNER', 'WEBSITE_SITE_NAME', 'WEBSITE_SLOT_NAME'].map((name) =>
    environment[name]?.trim(),
  );
  if (owner) return owner;
  if (!site) return 'local';
  return slot && slot !== 'Production' ? `${site}/${slot}` : site;
}
