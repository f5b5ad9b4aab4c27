// Decides as Exchange does whether a mailbox opens, from the app's mechanism and its roles.
import type { Policy, Resource } from './apps.ts';

/** Roles that let an application read in every mailbox ("Microsoft Graph permissions reference"). */
const READ_ROLES: Readonly<Record<Resource, ReadonlySet<string>>> = {
  mail: new Set(['Mail.ReadBasic', 'Mail.ReadBasic.All', 'Mail.Read', 'Mail.ReadWrite', 'Mail-Advanced.ReadWrite.All']),
  calendar: new Set(['Calendars.ReadBasic', 'Calendars.ReadBasic.All', 'Calendars.Read', 'Calendars.ReadWrite']),
  contacts: new Set(['Contacts.Read', 'Contacts.ReadWrite']),
  settings: new Set(['MailboxSettings.Read', 'MailboxSettings.ReadWrite']),
};

/** Roles that also show bodies and attachments. */
const BODY_ROLES = new Set(['Mail.Read', 'Mail.ReadWrite', 'Calendars.Read', 'Calendars.ReadWrite']);

export type Access = 'open' | 'closed-by-policy' | 'no-permission';

/**
 * With an application access policy, the token needs a role, and the role opens only the members of the policy. RBAC
 * opens its members without any role, but only the resources of its role. With RBAC a role opens all mailboxes too,
 * because grants add up. Without a mechanism a role opens all mailboxes.
 */
export function accessTo(mailbox: string, resource: Resource, policy: Policy, roles: readonly string[]): Access {
  const hasRole = roles.some((role) => READ_ROLES[resource].has(role));
  const isMember = policy.members.has(mailbox);
  if (policy.mechanism === 'rbac') {
    const isGranted = isMember && policy.resources.includes(resource);
    return isGranted || hasRole ? 'open' : 'no-permission';
  }
  if (!hasRole) return 'no-permission';
  return policy.mechanism === 'none' || isMember ? 'open' : 'closed-by-policy';
}

/** @param stem of the roles: `Mail` or `Calendars` */
export function mayReadBodies(roles: readonly string[], stem: string): boolean {
  return roles.some((role) => BODY_ROLES.has(role) && role.startsWith(`${stem}.`));
}
