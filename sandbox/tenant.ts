// The tenant's state: its mailboxes and their mail, and its apps.
import { createHash, randomUUID } from 'node:crypto';
import { type App, createApp, OWN_CLIENT_ID, RESOURCES } from './apps.ts';
import { createFaults, type Faults } from './faults.ts';
import { createReceiver, type Receiver } from './webhookReceiver.ts';

export interface Message {
  readonly id: string;
  readonly subject: string;
  /** Milliseconds since the epoch, in whole seconds as Graph shows them. */
  readonly receivedAt: number;
  /** The order of arrival, for mails of the same second. */
  readonly sequence: number;
}

export interface User {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly licensed: boolean;
  /** Newest first. Undefined for an empty inbox, to save memory: most of 100,000 are empty. */
  messages: Message[] | undefined;
}

export interface Tenant {
  /** By lower-case name. */
  readonly users: Map<string, User>;
  readonly usersById: Map<string, User>;
  /** The tenant's own app, which is named without a client id. */
  readonly app: App;
  /** The other apps by lower-case client id. Undefined until somebody lists them: then every id is the tenant's own app. */
  apps: Map<string, App> | undefined;
  faults: Faults;
  readonly requests: RequestCounts;
  readonly receiver: Receiver;
  readonly now: () => number;
  sequence: number;
}

export interface RequestCounts {
  byKind: Record<string, number>;
  byOutcome: Record<string, number>;
  byMailbox: Record<string, number>;
}

export const DOMAIN = 'contoso.example';

/** The policy at the start. `policy restore` brings it back. */
export const FIRST_POLICY = { mechanism: 'application-access-policy', members: [`support@${DOMAIN}`] } as const;

export function createTenant(now: () => number, webhookSecret?: string): Tenant {
  const tenant: Tenant = {
    users: new Map(),
    usersById: new Map(),
    app: {
      ...createApp(OWN_CLIENT_ID),
      policy: { ...FIRST_POLICY, members: new Set(FIRST_POLICY.members), resources: RESOURCES },
      roles: ['Mail.ReadBasic.All'],
    },
    apps: undefined,
    faults: createFaults({}),
    requests: { byKind: {}, byOutcome: {}, byMailbox: {} },
    receiver: createReceiver(now, webhookSecret),
    now,
    sequence: 0,
  };
  const start = now();
  const inboxes: Readonly<Record<string, readonly string[]>> = {
    support: ['Printer on the second floor', 'Password reset, please', 'VPN drops every hour'],
    cch: ['Board papers, confidential'],
    sales: ['Quote for 200 seats'],
    ceo: ['Offer letter'],
    hr: [],
    "o'brien": ['Timesheet'],
    'plus+tag': ['Newsletter'],
  };
  for (const [name, subjects] of Object.entries(inboxes)) {
    const user = addUser(tenant, `${name}@${DOMAIN}`);
    for (const [index, subject] of subjects.entries()) {
      deliver(tenant, user, subject, start - (subjects.length - index) * 3_600_000);
    }
  }
  addUser(tenant, `unlicensed@${DOMAIN}`, false);
  return tenant;
}

/** The user with this name or object id. Case does not matter. */
export function findUser(tenant: Tenant, key: string): User | undefined {
  const lower = key.toLowerCase();
  return tenant.users.get(lower) ?? tenant.usersById.get(lower);
}

/** Makes a user with an empty inbox, or returns the existing one. The object id is computed from the name. */
export function addUser(tenant: Tenant, name: string, licensed = true): User {
  const key = name.toLowerCase();
  const existing = tenant.users.get(key);
  if (existing) return existing;
  const hex = createHash('sha256').update(key).digest('hex');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const user: User = { id, userPrincipalName: name, licensed, messages: undefined };
  tenant.users.set(key, user);
  tenant.usersById.set(id, user);
  return user;
}

export function removeUser(tenant: Tenant, user: User): void {
  tenant.users.delete(user.userPrincipalName.toLowerCase());
  tenant.usersById.delete(user.id);
}

/** Puts a mail into the inbox. It becomes the newest one, also when several arrive in one second. */
export function deliver(tenant: Tenant, user: User, subject: string, at = tenant.now()): Message {
  tenant.sequence += 1;
  const receivedAt = Math.max(Math.floor(at / 1000) * 1000, user.messages?.[0]?.receivedAt ?? 0);
  const id = Buffer.from(`${randomUUID()}${randomUUID()}`).toString('base64url');
  const message = { id: `AAMk${id}=`, subject, receivedAt, sequence: tenant.sequence };
  user.messages = [message, ...(user.messages ?? [])];
  return message;
}

export function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
