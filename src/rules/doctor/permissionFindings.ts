// Whence the app may read mail, as far as roles and answers tell: Entra, RBAC for Applications, a policy. Pure.
import { READ_ROLES } from '../cause.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';
import type { LookedAt } from './mailboxFindings.ts';

/** What is enough to see that a mailbox answers, and the subject of its newest message. */
const ENOUGH = ['Mail.ReadBasic', 'Mail.ReadBasic.All'];

/** @param roles those that the token claims */
export function judgePermission(roles: readonly string[], lookedAt: readonly LookedAt[]): Finding {
  const refused = lookedAt.filter(({ outcome }) => outcome === 'refused');
  const isReadable = lookedAt.some(({ outcome }) => outcome === 'readable');
  if (refused.length === 0 && !isReadable) return skipped('no mailbox said anything');
  const read = READ_ROLES.filter((role) => roles.includes(role));
  if (read.length === 0) return withoutRole(isReadable);
  const isBreach = lookedAt.some(({ verdict }) => verdict === 'breach');
  return withRole(read, refused, isBreach);
}

function withRole(read: readonly string[], refused: readonly LookedAt[], isBreach: boolean): Finding {
  const says = `The token holds ${read.join(', ')} for the whole tenant`;
  const wide = read.filter((role) => !ENOUGH.includes(role));
  const enough = wide.length > 0 ? ` Mail.ReadBasic would be enough in place of ${wide.join(', ')}.` : '';
  if (refused.some(({ messageClass }) => messageClass === 'application-access-policy')) {
    return ok(`${says}, and an application access policy limits it.`, enough.trim() || null);
  }
  if (refused.length > 0) {
    const advice = `Whether a policy limits it cannot be told from the refusals’ text: Get-ApplicationAccessPolicy shows it. An RBAC scope would limit nothing.${enough}`;
    return ok(`${says}.`, advice);
  }
  const holds = `Take it away, or hold it with an application access policy: it overrides every RBAC scope.${enough}`;
  if (isBreach) return problem(`${says}, and a denied mailbox answers: nothing limits it.`, holds);
  return warning(`${says}, and nothing was seen to limit it.`, `List a mailbox that must be refused. ${holds}`);
}

function withoutRole(isReadable: boolean): Finding {
  if (isReadable) {
    const advice = 'A Mail.* role given in Entra beside it would override every scope.';
    return ok(
      'The token holds no role for reading mail: what is readable is granted by RBAC for Applications.',
      advice,
    );
  }
  const advice =
    'Give the app Mail.ReadBasic in Entra (a token may take a day to show it), or a role assignment of RBAC for Applications (up to two hours).';
  return problem('The token holds no role for reading mail, and nothing can be read.', advice);
}
