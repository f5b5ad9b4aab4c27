// Judges who owns the tables, and how callers of the API show who they are. Pure.
import { type Finding, ok, problem, warning } from './finding.ts';

export interface OwnerFacts {
  /** The name of this app. */
  readonly ourselves: string;
  /** The row `current`; null before the first run. */
  readonly current: { readonly owner: string | null; readonly id: string } | null;
  /** Whether another app uses the tables, so that this one starts no run. */
  readonly inUse: boolean;
}

export function judgeOwner({ ourselves, current, inUse }: OwnerFacts): Finding {
  const { owner = null, id } = current ?? {};
  if (owner === null) return ok(`No app owns the tables yet. The next run gives them to "${ourselves}".`);
  if (owner === ourselves) return ok(`The tables belong to this app, "${ourselves}".`);
  const says = `The tables belong to "${owner}", which began the run ${id}.`;
  if (!inUse) {
    const advice = `Stop "${owner}" if it still exists, or give this app its own storage account.`;
    return warning(`${says} The next run of this app, "${ourselves}", takes them over.`, advice);
  }
  const advice = `Give each app its own storage account. If this app replaces the other, set OWNER to "${owner}". If you check "${owner}" from another machine, set OWNER for the doctor alone.`;
  return problem(`${says} This app is "${ourselves}", and starts no run.`, advice);
}

export interface SignInFacts {
  readonly apiAuth: 'key' | 'entra';
  /** Whether the platform says that its sign-in is on. */
  readonly isOn: boolean;
  readonly isOnPlatform: boolean;
}

export function judgeSignIn({ apiAuth, isOn, isOnPlatform }: SignInFacts): Finding {
  if (apiAuth === 'key') return ok('API_AUTH is key: callers of the API show a function key.');
  if (isOn) return ok('API_AUTH is entra, and the sign-in of the platform is on.');
  const says = 'API_AUTH is entra, but WEBSITE_AUTH_ENABLED is not True';
  const advice = 'Turn on App Service authentication for the app, or set API_AUTH to key.';
  if (isOnPlatform) return problem(`${says}: every route but health answers sign-in-off.`, advice);
  return warning(`${says}. Only in Azure does the platform set it.`, advice);
}
