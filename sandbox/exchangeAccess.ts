// Decides as Exchange does whether a mailbox opens, from the tenant's mechanism and the app's roles.
import type { Policy } from './tenant.ts';

/** Roles that let an application read mail in every mailbox ("Microsoft Graph permissions reference"). */
const READ_ROLES = new Set(['Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite']);

/** Roles that also show bodies and attachments. */
const BODY_ROLES = new Set(['Mail.Read', 'Mail.ReadWrite']);

export type Access = 'open' | 'closed-by-policy' | 'no-permission';

/**
 * With an application access policy, the token needs a role, and the role opens only the members of the policy. RBAC
 * opens its members without any role. With RBAC a role opens all mailboxes too, because grants add up. Without a
 * mechanism a role opens all mailboxes.
 */
export function accessTo(mailbox: string, policy: Policy, roles: readonly string[]): Access {
  const hasRole = roles.some((role) => READ_ROLES.has(role));
  const isMember = policy.members.has(mailbox);
  if (policy.mechanism === 'rbac') return isMember || hasRole ? 'open' : 'no-permission';
  if (!hasRole) return 'no-permission';
  return policy.mechanism === 'none' || isMember ? 'open' : 'closed-by-policy';
}

export function mayReadBodies(roles: readonly string[]): boolean {
  return roles.some((role) => BODY_ROLES.has(role));
}
