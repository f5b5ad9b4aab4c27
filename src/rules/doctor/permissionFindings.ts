// Finds what lets the app read mail, from roles and answers: Entra, RBAC for Applications, a policy. Pure.
import { READ_ROLES } from '../cause.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';
import type { LookedAt } from './mailboxFindings.ts';

/** Roles that are enough to read the subject of the newest message. */
const ENOUGH = ['Mail.ReadBasic', 'Mail.ReadBasic.All'];

/** @param roles the roles in the token */
export function judgePermission(roles: readonly string[], lookedAt: readonly LookedAt[]): Finding {
  const refused = lookedAt.filter(({ outcome }) => outcome === 'refused');
  const isReadable = lookedAt.some(({ outcome }) => outcome === 'readable');
  if (refused.length === 0 && !isReadable) return skipped('no mailbox gave a clear answer');
  const read = READ_ROLES.filter((role) => roles.includes(role));
  if (read.length === 0) return withoutRole(isReadable);
  const isBreach = lookedAt.some(({ verdict }) => verdict === 'breach');
  return withRole(read, refused, isBreach);
}

function withRole(read: readonly string[], refused: readonly LookedAt[], isBreach: boolean): Finding {
  const says = `The token holds ${read.join(', ')} for the whole tenant`;
  const wide = read.filter((role) => !ENOUGH.includes(role));
  const enough = wide.length > 0 ? ` Mail.ReadBasic is enough and could replace ${wide.join(', ')}.` : '';
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

function withoutRole(isReadable: boolean): Finding {
  if (isReadable) {
    const advice = 'Add no Mail.* role in Entra: it would override every scope.';
    return ok('The token holds no role for reading mail, so RBAC for Applications grants the access.', advice);
  }
  const advice =
    'Give the app Mail.ReadBasic in Entra (a token can take a day to show it), or a role assignment in RBAC for Applications (up to two hours). An identity that was made again has lost both.';
  return problem('The token holds no role for reading mail, and nothing can be read.', advice);
}
