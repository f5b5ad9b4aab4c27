// Which scopes a command is about: the one that --scope names, or all.
import type { Scopes, Services } from '../services.ts';
import { whichScopes } from '../settings/scopes.ts';
import type { SettingFault } from '../settings/settings.ts';
import { UsageError } from './options.ts';

export type Chosen = readonly [Services, ...Services[]];

/** Throws UsageError when there is no scope with this name. */
export function chooseScopes(scopes: Scopes, name: string | undefined): Chosen {
  // Nobody knows the names in a list that cannot be read. The one scope there is has its fault.
  if (name === undefined || scopes.faults.some(({ setting }) => setting === 'SCOPES')) return scopes.all;
  const found = scopes.find(name);
  if (!found) {
    const which = whichScopes(scopes.all.map(({ scope }) => scope));
    throw new UsageError(`--scope: there is no scope "${name}". ${which}`);
  }
  return [found];
}

export function namesOf(all: Chosen): string {
  return all.map(({ scope }) => scope).join(', ');
}

/** The faults of settings that look like one of a scope and belong to none. */
export function faultsOfNoScope({ faults, all: [first] }: Scopes): readonly SettingFault[] {
  // The faults that are for all alike are those of each scope too.
  const general = new Set(first.configuration.faults.map(({ setting }) => setting));
  return faults.filter(({ setting }) => !general.has(setting));
}
