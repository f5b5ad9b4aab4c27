// What a token's payload says of it: for whom it is good, how long, and whose it is. For diagnosis only. Pure.
import { type Finding, ok, problem, warning } from './finding.ts';

/** The claims that are looked at, as they stand in the token: foreign, and any may be missing. */
export type Claims = Readonly<Record<string, unknown>>;

/** What the settings lead to expect. */
export interface ExpectedToken {
  /** The Graph that it has to be for. */
  readonly audience: string;
  /** Undefined where the settings name none. */
  readonly clientId: string | undefined;
  readonly tenantId: string | undefined;
}

// Microsoft Graph's own application id, which stands in tokens as their audience as well.
const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';
const SHORT_MS = 10 * 60_000;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function judgeToken(claims: Claims, expiresOn: Date, expected: ExpectedToken, now: Date): Finding[] {
  const whom = [whose(claims), ...mismatches(claims, expected)];
  return [...whom, audience(claims, expected), rolesIn(claims), lifetime(expiresOn, now)];
}

function whose(claims: Claims): Finding {
  const [app, object, tenant] = [text(claims.appid) ?? text(claims.azp), text(claims.oid), text(claims.tid)];
  const ids = `application id ${app ?? 'unknown'}, object id ${object ?? 'unknown'}, tenant ${tenant ?? 'unknown'}`;
  if (text(claims.scp) !== null || claims.idtyp === 'user') {
    const advice = 'A person has no permission of the app: sign in as the app itself (az login --service-principal).';
    return problem(`The token is a person’s, who is signed in through an app: ${ids}.`, advice);
  }
  if (app === null && text(claims.aud) === null) {
    return warning('The token cannot be looked into.', 'Graph alone can say what it is good for: see the mailboxes.');
  }
  return ok(`The token is that of ${kindOf(claims)}: ${ids}.`);
}

/** A managed identity's token names the resource in Azure that it belongs to. */
function kindOf({ xms_mirid: resource }: Claims): string {
  const path = text(resource);
  if (path === null) return 'an app';
  const isUserAssigned = /\/userAssignedIdentities\//i.test(path);
  return `a managed identity (${isUserAssigned ? 'user-assigned' : 'system-assigned'})`;
}

function audience({ aud }: Claims, expected: ExpectedToken): Finding {
  const found = text(aud)?.replace(/\/$/, '') ?? null;
  if (found === null) return ok('It names no audience.');
  if (found === expected.audience || found === GRAPH_APP_ID) return ok(`It is for ${expected.audience}.`);
  const advice = 'Graph rejects it. Do GRAPH_ENDPOINT, AZURE_AUTHORITY_HOST and the identity belong to one cloud?';
  return problem(`It is for ${found}, and Graph is ${expected.audience}.`, advice);
}

/** What they come to is the check of the permission, which knows what the mailboxes answered. */
function rolesIn({ roles }: Claims): Finding {
  const names = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
  return ok(names.length > 0 ? `It holds the roles ${names.join(', ')}.` : 'It holds no role.');
}

function mismatches(claims: Claims, { clientId, tenantId }: ExpectedToken): Finding[] {
  const found = [
    differs('AZURE_CLIENT_ID', clientId, text(claims.appid) ?? text(claims.azp)),
    differs('AZURE_TENANT_ID', tenantId, text(claims.tid)),
  ];
  return found.filter((finding) => finding !== null);
}

function differs(setting: string, wanted: string | undefined, found: string | null): Finding | null {
  // A tenant may be named by its domain, which no token repeats.
  if (wanted === undefined || found === null || !ID.test(wanted)) return null;
  if (wanted.toLowerCase() === found.toLowerCase()) return null;
  const advice = 'Another identity than the one that is meant asks Graph: mend the setting, or sign in as the other.';
  return problem(`${setting} is ${wanted}, and the token says ${found}.`, advice);
}

function lifetime(expiresOn: Date, now: Date): Finding {
  const leftMs = expiresOn.getTime() - now.getTime();
  const says = `It expires at ${expiresOn.toISOString()}`;
  if (leftMs <= 0) return problem(`${says}, which is over.`, 'Is this machine’s clock right? Sign in again.');
  if (leftMs < SHORT_MS) return warning(`${says}, in less than ten minutes.`, 'Is this machine’s clock right?');
  return ok(`${says}.`);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

const NO_TOKEN_ADVICE = {
  'managed-identity':
    'Has the app an identity (for a user-assigned one, AZURE_CLIENT_ID)? On your own machine there is none: use app-registration or developer.',
  'app-registration':
    'Are AZURE_TENANT_ID and AZURE_CLIENT_ID right, and is the secret or certificate the app’s, and not expired?',
  federated: 'Is the managed identity assigned to the app, and does the app registration trust it?',
  developer: 'Sign in with az login.',
} as const;

/** @param why in the identity library's words */
export function judgeNoToken(kind: keyof typeof NO_TOKEN_ADVICE, why: string): Finding {
  return problem(`${kind} has no token for Graph: ${why.replace(/\.$/, '')}.`, NO_TOKEN_ADVICE[kind]);
}
