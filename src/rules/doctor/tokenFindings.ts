// Judges the payload of a token: its audience, its lifetime and its owner. For diagnosis only. Pure.
import { type Finding, ok, problem, warning } from './finding.ts';

/** The claims of the token. They are unknown data, and any may be missing. */
export type Claims = Readonly<Record<string, unknown>>;

/** What the settings say about the token. */
export interface ExpectedToken {
  /** The Graph that the token must be for. */
  readonly audience: string;
  /** Undefined when the settings name none. */
  readonly clientId: string | undefined;
  readonly tenantId: string | undefined;
}

// The application id of Microsoft Graph. Some tokens have it as their audience.
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
    const advice =
      'A person does not have the permissions of the app. Sign in as the app (az login --service-principal).';
    return problem(`The token belongs to a person who signed in through an app: ${ids}.`, advice);
  }
  if (app === null && text(claims.aud) === null) {
    return warning(
      'The token cannot be read.',
      'Only Graph can say what it allows. See the checks allowed and denied.',
    );
  }
  return ok(`The token belongs to ${kindOf(claims)}: ${ids}.`);
}

/** The token of a managed identity names the identity's resource in Azure. */
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
  const advice = 'Graph rejects it. Set GRAPH_ENDPOINT, AZURE_AUTHORITY_HOST and the identity to the same cloud.';
  return problem(`It is for ${found}, but Graph is ${expected.audience}.`, advice);
}

/** Lists the roles. The check `permission` judges them, because it knows the mailboxes' answers. */
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
  // The setting may name the tenant by its domain, and no token holds that.
  if (wanted === undefined || found === null || !ID.test(wanted)) return null;
  if (wanted.toLowerCase() === found.toLowerCase()) return null;
  const advice = 'Mailscope asks Graph with the wrong identity. Fix the setting, or sign in with the right identity.';
  return problem(`${setting} is ${wanted}, but the token says ${found}.`, advice);
}

function lifetime(expiresOn: Date, now: Date): Finding {
  const leftMs = expiresOn.getTime() - now.getTime();
  const says = `It expires at ${expiresOn.toISOString()}`;
  const clock = 'Check the clock of this machine';
  if (leftMs <= 0) return problem(`It expired at ${expiresOn.toISOString()}.`, `${clock}, and sign in again.`);
  if (leftMs < SHORT_MS) return warning(`${says}, in less than ten minutes.`, `${clock}.`);
  return ok(`${says}.`);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

const NO_TOKEN_ADVICE = {
  'managed-identity':
    'Give the app an identity, and set AZURE_CLIENT_ID for a user-assigned one. One that was made again has a new id. Your own machine has none: set GRAPH_IDENTITY to app-registration or developer there.',
  'app-registration':
    'Check AZURE_TENANT_ID and AZURE_CLIENT_ID. Check that the secret or certificate is the app’s and has not expired.',
  federated: 'Check that the managed identity is assigned to the app, and that the app registration trusts it.',
  developer: 'Sign in with az login.',
} as const;

/** @param why in the words of the identity library */
export function judgeNoToken(kind: keyof typeof NO_TOKEN_ADVICE, why: string): Finding {
  // The words of Entra where a cloud does not know the Graph that the token is for (AADSTS500011).
  const isOtherCloud = /resource principal named \S+ was not found/.test(why);
  const advice = isOtherCloud
    ? 'GRAPH_ENDPOINT is the Graph of another cloud than the identity’s. Set it to the Graph of your cloud.'
    : NO_TOKEN_ADVICE[kind];
  return problem(`${kind} gets no token for Graph: ${why.replace(/\.$/, '')}.`, advice);
}
