// Finds what lets the app read mail or other data, from roles and answers: Entra, RBAC for Applications, a policy. Pure.
import type { Resource } from '../resources.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';
import type { LookedAt } from './mailboxFindings.ts';

/** @param roles the roles in the token */
export function judgePermission(roles: readonly string[], lookedAt: readonly LookedAt[], resource: Resource): Finding {
  const refused = lookedAt.filter(({ outcome }) => outcome === 'refused');
  const isReadable = lookedAt.some(({ outcome }) => outcome === 'readable');
  if (refused.length === 0 && !isReadable) return skipped('no mailbox gave a clear answer');
  const read = roles.filter(resource.isReadRole);
  if (read.length === 0) return withoutRole(isReadable, resource);
  const isBreach = lookedAt.some(({ verdict }) => verdict === 'breach');
  return withRole(read, refused, isBreach, resource);
}

function withRole(
  read: readonly string[],
  refused: readonly LookedAt[],
  isBreach: boolean,
  { leastRoles }: Resource,
): Finding {
  const says = `The token holds ${read.join(', ')} for the whole tenant`;
  const wide = read.filter((role) => !leastRoles.includes(role));
  const enough = wide.length > 0 ? ` ${leastRoles[0]} is enough and could replace ${wide.join(', ')}.` : '';
  if (refused.some(({ messageClass }) => messageClass === 'application-access-policy')) {
    return ok(`${says}, and an application access policy limits it.`, enough.trim() || null);
  }
  if (refused.length > 0) {
    const advice = `The refusals do not show whether a policy limits it. Get-ApplicationAccessPolicy shows it. An RBAC scope does not limit it.${enough}`;
    return ok(`${says}.`, advice);
  }
  const holds = `Remove it, or limit it with an application access policy. It overrides every RBAC scope.${enough}`;
  if (isBreach) return problem(`${says}, and a denied mailbox answers: nothing limits it.`, holds);
  return warning(`${says}, and no answer shows a limit.`, `List a mailbox that must be refused. ${holds}`);
}

function withoutRole(isReadable: boolean, { data, leastRoles, roles }: Resource): Finding {
  if (isReadable) {
    const advice = `Add no ${roles} role in Entra: it would override every scope.`;
    return ok(`The token holds no role for reading ${data}, so RBAC for Applications grants the access.`, advice);
  }
  const advice = `Give the app ${leastRoles[0]} in Entra (a token can take a day to show it), or a role assignment in RBAC for Applications (up to two hours). An identity that was made again has lost both.`;
  return problem(`The token holds no role for reading ${data}, and nothing can be read.`, advice);
}
