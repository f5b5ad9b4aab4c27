// Finds why drift opened, but only if the evidence shows it. It never guesses. Pure.
import type { MessageClass } from './classify.ts';
import type { Drift } from './drift.ts';
import type { Resource } from './resources.ts';
import { A_FEW, type Tally } from './tally.ts';

/** The facts of a run that can show a cause. */
export interface RunFacts
  extends Pick<Tally, 'byExpectation' | 'openedByKind' | 'openedNames' | 'messageClasses' | 'opened' | 'closed'> {
  /** The roles in the tokens. */
  readonly roles: readonly string[];
}

export const UNKNOWN = 'unknown';

/**
 * The probable cause of the breaches and lockouts that a run opened, with its evidence and the cmdlet that shows it.
 * `unknown` when the evidence is too little or contradicts itself; null when there is nothing to explain.
 *
 * @param completed the completed run before; null when there is none
 * @param resource what the runs asked for: only roles that read it are evidence
 */
export function probableCause(
  ended: RunFacts,
  completed: RunFacts | null,
  resource: Pick<Resource, 'isReadRole'>,
): string | null {
  const run = withReadRoles(ended, resource);
  const last = completed && withReadRoles(completed, resource);
  const { breach, lockout } = run.openedByKind;
  if (breach === 0 && lockout === 0) return mechanismChange(run, last);
  if (last === null || (breach > 0 && lockout > 0)) return UNKNOWN;
  return breach > 0 ? causeOfBreach(run, last) : causeOfLockout(run, last);
}

function causeOfBreach(run: RunFacts, last: RunFacts): string {
  const gained = run.roles.filter((role) => !last.roles.includes(role));
  const lost = last.roles.filter((role) => !run.roles.includes(role));
  const { breach: opened } = run.openedByKind;
  const { denied } = run.byExpectation;
  const everyone = denied.readable === total(denied);
  const all = everyone && opened === denied.readable;
  if (lost.length > 0) return UNKNOWN;
  if (gained.length > 0) {
    // A role alone does not open a mailbox that an application access policy closes.
    if (!all || last.messageClasses['application-access-policy'] > 0) return UNKNOWN;
    const evidence = `the token gained ${gained.join(', ')}, and all ${opened} denied mailboxes became readable`;
    return `A tenant-wide grant overrides the scope: ${evidence}. Get-MgServicePrincipalAppRoleAssignment shows it.`;
  }
  if (all && opened === 1) {
    return `${UNKNOWN}: the policy is gone, or the scope group gained a member. One denied mailbox cannot show which (Get-ApplicationAccessPolicy, Get-DistributionGroupMember).`;
  }
  if (all) {
    const evidence = `all ${opened} denied mailboxes became readable, and no role changed`;
    return `The policy is gone, or no longer names this app: ${evidence}. Get-ApplicationAccessPolicy shows it.`;
  }
  // Mailboxes that are still refused show that the policy still exists.
  if (everyone || opened > A_FEW || denied.refused === 0) return UNKNOWN;
  const evidence = `only ${run.openedNames.breach.join(', ')} became readable, and no role changed`;
  return `The scope group gained members: ${evidence}. Get-DistributionGroupMember shows it.`;
}

function causeOfLockout(run: RunFacts, last: RunFacts): string {
  const { lockout: opened } = run.openedByKind;
  const { allowed } = run.byExpectation;
  const lost = last.roles.filter((role) => !run.roles.includes(role));
  if (allowed.refused === total(allowed)) {
    if (opened < allowed.refused || opened === 1) {
      const why = opened === 1 ? 'One new lockout' : 'A lockout after earlier ones';
      return `${UNKNOWN}: the permission or the policy's group was removed, or the mailbox left the group. ${why} cannot show which (Get-MgServicePrincipalAppRoleAssignment, Get-DistributionGroupMember).`;
    }
    const role = lost.length > 0 ? `, and the token lost ${lost.join(', ')}` : '';
    const evidence = `all ${opened} allowed mailboxes are refused${role}`;
    return `The permission or the policy's group was removed: ${evidence}. Get-MgServicePrincipalAppRoleAssignment and Get-ApplicationAccessPolicy show it.`;
  }
  if (lost.length > 0 || opened > A_FEW || allowed.readable === 0) return UNKNOWN;
  const evidence = `only ${run.openedNames.lockout.join(', ')} became refused, while other allowed mailboxes answer`;
  return `The scope group lost members: ${evidence}. Get-DistributionGroupMember shows it.`;
}

/** A note that refusals now come from another mechanism, and nothing else changed. */
function mechanismChange(run: RunFacts, last: RunFacts | null): string | null {
  if (last === null || run.opened > 0 || run.closed > 0) return null;
  const only = (facts: RunFacts, kind: MessageClass) =>
    facts.messageClasses[kind] > 0 && Object.values(facts.messageClasses).filter((count) => count > 0).length === 1;
  if (!only(last, 'application-access-policy') || !only(run, 'generic')) return null;
  const evidence = 'refusals no longer carry the text of an application access policy, and no outcome changed';
  return `The mechanism changed: ${evidence}. Get-ApplicationAccessPolicy and Get-ManagementRoleAssignment show it.`;
}

/** The probable cause of one drift: from its own evidence, or from the run that opened it. */
export function causeOf(drift: Drift, runCause: string | null): string {
  if (drift.kind !== 'unverified') return runCause ?? UNKNOWN;
  const { reason, status } = drift.evidence.opened;
  if (reason !== 'not-found' && reason !== 'no-mailbox') return UNKNOWN;
  return `The mailbox was deleted, renamed or has no licence: Graph answered ${status} (${drift.evidence.opened.code}). Get-Mailbox and Get-MgUserLicenseDetail show it.`;
}

function withReadRoles(facts: RunFacts, { isReadRole }: Pick<Resource, 'isReadRole'>): RunFacts {
  return { ...facts, roles: facts.roles.filter(isReadRole) };
}

function total(outcomes: Readonly<Record<string, number>>): number {
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0);
}
