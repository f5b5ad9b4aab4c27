// The apps of the tenant: each has roles of its own, and a mechanism that limits it.
import type { Tenant } from './tenant.ts';

/** The kinds of data in a mailbox. */
export const RESOURCES = ['mail', 'calendar', 'contacts', 'settings'] as const;
export type Resource = (typeof RESOURCES)[number];

export type Mechanism = 'application-access-policy' | 'rbac' | 'none';

export interface Policy {
  readonly mechanism: Mechanism;
  /** Lower case. */
  readonly members: ReadonlySet<string>;
  /** What an RBAC role opens. An application access policy limits all of them. */
  readonly resources: readonly Resource[];
}

export interface App {
  /** As it was listed. */
  readonly clientId: string;
  policy: Policy;
  /** The old policy that holds until a change has propagated, and the time of its end. */
  propagating: { readonly old: Policy; readonly until: number } | undefined;
  roles: readonly string[];
  tokenLifetimeSeconds: number;
  /** The number of requests under way in a mailbox, by the user's id. Exchange allows four for each app. */
  readonly atWork: Map<string, number>;
}

/** The client id in the tokens of the app that is named without one. */
export const OWN_CLIENT_ID = '9b1d2f3a-0000-4000-a000-0000000005ca';

/** A new app: no mechanism, no role. */
export function createApp(clientId: string): App {
  return {
    clientId,
    policy: { mechanism: 'none', members: new Set(), resources: RESOURCES },
    propagating: undefined,
    roles: [],
    tokenLifetimeSeconds: 86_400,
    atWork: new Map(),
  };
}

/**
 * The app with this client id, in any case; without an id, the tenant's own app. Undefined when the tenant has no such app.
 * Until somebody lists apps, every id is the tenant's own app.
 */
export function findApp(tenant: Tenant, clientId: string | undefined): App | undefined {
  if (clientId === undefined || tenant.apps === undefined) return tenant.app;
  const key = clientId.toLowerCase();
  return key === OWN_CLIENT_ID ? tenant.app : tenant.apps.get(key);
}

/** Replaces the list of apps. One that was on it before keeps its roles and its policy. */
export function listApps(tenant: Tenant, clientIds: readonly string[]): void {
  const before = tenant.apps;
  const others = clientIds.filter((id) => id.toLowerCase() !== OWN_CLIENT_ID);
  tenant.apps = new Map(others.map((id) => [id.toLowerCase(), before?.get(id.toLowerCase()) ?? createApp(id)]));
}

/** Changes the policy of an app. The change takes effect after the propagation time of the faults. */
export function setPolicy(
  tenant: Tenant,
  app: App,
  {
    mechanism,
    members,
    resources,
  }: { mechanism: Mechanism; members: Iterable<string>; resources: readonly Resource[] },
): void {
  const delayMs = (tenant.faults.settings.propagationSeconds ?? 0) * 1000;
  const old = policyInForce(tenant, app);
  app.policy = { mechanism, members: new Set([...members].map((one) => one.toLowerCase())), resources };
  app.propagating = delayMs > 0 ? { old, until: tenant.now() + delayMs } : undefined;
}

export function policyInForce(tenant: Tenant, { policy, propagating }: App): Policy {
  return propagating && tenant.now() < propagating.until ? propagating.old : policy;
}
