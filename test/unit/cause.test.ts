// Probable causes: each needs its own evidence, and contradicting evidence gives none.
import { describe, expect, it } from 'vitest';
import { causeOf, probableCause, type RunFacts } from '../../src/rules/cause.ts';
import type { Drift } from '../../src/rules/drift.ts';
import { RESOURCES } from '../../src/rules/resources.ts';
import { observed, runAt } from '../support/rules.ts';

const counts = (readable: number, refused: number, inconclusive = 0) => ({ readable, refused, inconclusive });
const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}@contoso.example`);

function facts(more: {
  allowed?: [number, number, number?];
  denied?: [number, number, number?];
  breach?: number;
  lockout?: number;
  roles?: string[];
  policy?: number;
  generic?: number;
  closed?: number;
}): RunFacts {
  const { breach = 0, lockout = 0, allowed = [3, 0], denied = [0, 10], policy = 10, generic = 0, closed = 0 } = more;
  return {
    byExpectation: { allowed: counts(...allowed), denied: counts(...denied) },
    openedByKind: { breach, lockout, unverified: 0 },
    openedNames: { breach: names(Math.min(breach, 5)), lockout: names(Math.min(lockout, 5)) },
    messageClasses: { 'application-access-policy': policy, generic, other: 0 },
    roles: more.roles ?? ['Mail.ReadBasic.All'],
    opened: breach + lockout,
    closed,
  };
}

const BEFORE = facts({});
const RBAC = facts({ policy: 0, generic: 10, roles: [] });

describe('the probable cause', () => {
  it.each<[string, RunFacts, RunFacts | null, RegExp | null]>([
    ['nothing happened', BEFORE, BEFORE, null],
    [
      'every denied mailbox opened',
      facts({ denied: [10, 0], breach: 10, policy: 0 }),
      BEFORE,
      /^The policy is gone, or no longer names this app: all 10 .*Get-ApplicationAccessPolicy/,
    ],
    [
      'a role came, and all opened',
      facts({ denied: [10, 0], breach: 10, policy: 0, roles: ['Mail.Read'] }),
      RBAC,
      /^A tenant-wide grant overrides the scope: the token gained Mail.Read, .*Get-MgServicePrincipalAppRoleAssignment/,
    ],
    [
      'a role came, and some opened',
      facts({ denied: [4, 6], breach: 4, policy: 0, generic: 6, roles: ['Mail.Read'] }),
      RBAC,
      /^unknown$/,
    ],
    [
      'a role came, and a policy went',
      facts({ denied: [10, 0], breach: 10, policy: 0, roles: ['Mail.Read', 'Mail.ReadBasic.All'] }),
      BEFORE,
      /^unknown$/,
    ],
    [
      'one opened',
      facts({ denied: [1, 9], breach: 1 }),
      BEFORE,
      /^The scope group gained members: only u0@contoso.example .*Get-DistributionGroupMember/,
    ],
    ['a few opened', facts({ denied: [5, 5], breach: 5 }), BEFORE, /^The scope group gained members: only u0@/],
    ['many opened, not all', facts({ denied: [6, 4], breach: 6 }), BEFORE, /^unknown$/],
    ['the last ones opened', facts({ denied: [10, 0], breach: 2 }), BEFORE, /^unknown$/],
    ['some opened and nobody is refused', facts({ denied: [1, 0, 9], breach: 1 }), BEFORE, /^unknown$/],
    [
      'the only denied one opened',
      facts({ denied: [1, 0], breach: 1 }),
      facts({ denied: [0, 1] }),
      /^unknown: the policy is gone, or the scope group gained a member. One denied mailbox/,
    ],
    [
      'a breach and a lockout at once',
      facts({ denied: [10, 0], breach: 10, allowed: [0, 3], lockout: 3 }),
      BEFORE,
      /^unknown$/,
    ],
    [
      'all allowed ones refused',
      facts({ allowed: [0, 3], lockout: 3 }),
      BEFORE,
      /^The permission or the policy's group was removed: all 3 /,
    ],
    [
      'all refused, and the role is gone',
      facts({ allowed: [0, 3], lockout: 3, roles: [] }),
      BEFORE,
      /the token lost Mail.ReadBasic.All/,
    ],
    [
      'one allowed one refused',
      facts({ allowed: [2, 1], lockout: 1 }),
      BEFORE,
      /^The scope group lost members: only u0@contoso.example became refused/,
    ],
    [
      'the only allowed one refused',
      facts({ allowed: [0, 1], lockout: 1 }),
      facts({ allowed: [1, 0] }),
      /^unknown: the permission or the policy's group was removed, .* One new lockout/,
    ],
    ['the mechanism changed', facts({ policy: 0, generic: 10 }), BEFORE, /^The mechanism changed: /],
    ['the mechanism changed and something recovered', facts({ policy: 0, generic: 10, closed: 1 }), BEFORE, null],
    ['there is no run before', facts({ denied: [10, 0], breach: 10 }), null, /^unknown$/],
  ])('when %s', (_, run, last, cause) => {
    const found = probableCause(run, last, RESOURCES.mail);
    if (cause === null) expect(found).toBeNull();
    else expect(found).toMatch(cause);
  });

  it.each([
    [
      'not-found',
      'ErrorInvalidUser',
      /^The mailbox was deleted, renamed or has no licence: Graph answered 404 \(ErrorInvalidUser\)/,
    ],
    ['no-mailbox', 'MailboxNotEnabledForRESTAPI', /^The mailbox was deleted, renamed or has no licence/],
    ['timeout', null, /^unknown$/],
  ] as const)('of an unverified mailbox follows from its own answer: %s', (reason, code, cause) => {
    const opened = { ...observed('?', runAt(1, 0)), reason, code, status: 404 };
    const drift = { kind: 'unverified', evidence: { opened } } as unknown as Drift;
    expect(causeOf(drift, 'the cause of the run')).toMatch(cause);
  });
});
