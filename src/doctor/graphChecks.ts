// Checks of the token, of Graph itself, and of a few listed mailboxes.
import { audienceOf } from '../graph/credential.ts';
import { type Finding, skipped } from '../rules/doctor/finding.ts';
import { judgeAllowed, judgeDenied, judgeNames, type LookedAt } from '../rules/doctor/mailboxFindings.ts';
import { judgeClock, judgeGraph } from '../rules/doctor/networkFindings.ts';
import { judgePermission } from '../rules/doctor/permissionFindings.ts';
import { judgeNoToken, judgeToken } from '../rules/doctor/tokenFindings.ts';
import { RESOURCES, type Resource } from '../rules/resources.ts';
import type { GraphIdentity } from '../settings/settings.ts';
import type { Check } from './doctorCheck.ts';

export const tokenCheck: Check = {
  name: 'token',
  needs: ['graph', 'identity'],
  async look(facts) {
    const { graphEndpoint, graphIdentity } = facts.services.settings();
    const token = await facts.token();
    if ('none' in token) return [judgeNoToken(graphIdentity.kind, token.none)];
    const expected = { audience: audienceOf(graphEndpoint), ...idsOf(graphIdentity) };
    return judgeToken(token.claims, token.expiresOn, expected, facts.services.now());
  },
};

function idsOf(identity: GraphIdentity) {
  return {
    clientId: 'clientId' in identity ? identity.clientId : undefined,
    tenantId: 'tenantId' in identity ? identity.tenantId : undefined,
  };
}

export const graphCheck: Check = {
  name: 'graph',
  needs: ['graph'],
  async look(facts) {
    return [judgeGraph(facts.services.settings().graphEndpoint, await facts.graph())];
  },
};

export const clockCheck: Check = {
  name: 'clock',
  needs: ['graph'],
  async look(facts) {
    const answer = await facts.graph();
    return [answer.status === null ? skipped('Graph cannot be reached') : judgeClock(answer)];
  },
};

export const allowedCheck = mailboxCheck('allowed', ({ seen, resource }) => [judgeAllowed(seen, resource)]);
export const deniedCheck = mailboxCheck('denied', ({ seen, resource }) => [judgeDenied(seen, resource)]);
export const namesCheck = mailboxCheck('names', ({ seen, listed }) => judgeNames(seen, listed));
export const permissionCheck = mailboxCheck('permission', ({ seen, roles, resource }) => [
  judgePermission(roles, seen, resource),
]);

interface SeenMailboxes {
  readonly seen: readonly LookedAt[];
  /** The number of all listed mailboxes. */
  readonly listed: number;
  /** The roles in the token. */
  readonly roles: readonly string[];
  readonly resource: Resource;
}

type Judge = (facts: SeenMailboxes) => readonly Finding[];

function mailboxCheck(name: string, judge: Judge): Check {
  return {
    name,
    needs: ['mailboxes', 'graph', 'identity'],
    async look(facts) {
      const seen = await facts.seen();
      if ('because' in seen) return [skipped(seen.because)];
      const { mailboxes, roles } = seen.report;
      const resource = RESOURCES[facts.services.settings().resource];
      return judge({ seen: mailboxes, listed: seen.listed, roles, resource });
    },
  };
}
