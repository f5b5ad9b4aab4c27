// The scope that a request asks, and whether its settings are good.
import { MailscopeError } from '../errors.ts';
import { visible } from '../rules/characters.ts';
import type { Scopes, Services } from '../services.ts';
import { whichScopes } from '../settings/scopes.ts';

/**
 * The scope with this name, or else the first.
 *
 * @throws MailscopeError `scope-not-found`
 */
export function pickScope(scopes: Scopes, name: string | undefined): Services {
  // With a bad SCOPES nobody knows which there are. The first scope then says what is wrong.
  if (name === undefined || scopes.faults.some(({ setting }) => setting === 'SCOPES')) return scopes.all[0];
  const found = scopes.find(name);
  if (found) return found;
  const which = whichScopes(scopes.all.map(({ scope }) => scope));
  throw new MailscopeError('scope-not-found', `There is no scope "${visible(name.slice(0, 40))}". ${which}`);
}

/**
 * Refuses a scope whose list has faults: what its tables say may be about mailboxes that are declared otherwise by now.
 *
 * @throws MailscopeError `configuration-invalid`
 */
export async function checkList(services: Services): Promise<void> {
  try {
    await services.list();
  } catch (error) {
    // A blob that cannot be read now stops only those routes that need the list.
    if (error instanceof MailscopeError && error.code === 'storage-unavailable') return;
    throw error;
  }
}

/**
 * Refuses only if no scope can answer: one with bad settings must not hide the others.
 *
 * @throws MailscopeError `configuration-invalid`
 */
export async function checkLists({ all }: Scopes): Promise<void> {
  const checks = await Promise.allSettled(all.map(checkList));
  const [failure] = checks.filter((check) => check.status === 'rejected');
  if (failure && checks.every(({ status }) => status === 'rejected')) throw failure.reason;
}

/**
 * The scope with this name, or else all.
 *
 * @throws MailscopeError `scope-not-found`, `configuration-invalid`
 */
export async function chosenScopes(scopes: Scopes, name: string | undefined): Promise<readonly Services[]> {
  if (name === undefined) return scopes.all;
  const chosen = pickScope(scopes, name);
  await checkList(chosen);
  return [chosen];
}
