// The identity that asks Graph, read from the settings: each kind with what it needs, in one cloud.
import { cloudOf, PUBLIC_CLOUD } from './clouds.ts';
import { type FaultKind, type FieldValues, Secret } from './fields.ts';

/** An app registration, and where its tokens come from. */
interface AppRegistration {
  readonly tenantId: string;
  readonly clientId: string;
  /** The origin of the token service; undefined means the public cloud. */
  readonly authorityHost: string | undefined;
}

/** The identity that asks Graph. */
export type GraphIdentity =
  | { readonly kind: 'managed-identity'; readonly clientId: string | undefined }
  | (AppRegistration & {
      readonly kind: 'app-registration';
      readonly proof: { readonly secret: Secret } | { readonly certificatePath: string; readonly password?: Secret };
    })
  | (AppRegistration & {
      readonly kind: 'federated';
      /** The user-assigned managed identity that the app registration trusts. */
      readonly managedIdentityClientId: string;
      /** The audience of that identity's token. */
      readonly exchangeAudience: string;
    })
  /** The person signed in to the Azure CLI, in this tenant or in the one they chose there. */
  | { readonly kind: 'developer'; readonly tenantId: string | undefined };

/** Receives a fault: the setting, its kind, and the text that follows the setting's name. */
export type ReportFault = (setting: string, kind: FaultKind, text: string) => void;

/** The identity; undefined when a setting is missing. Each missing setting is reported. */
export function readIdentity(values: Partial<FieldValues>, report: ReportFault): GraphIdentity | undefined {
  const { GRAPH_IDENTITY: kind, AZURE_CLIENT_ID: clientId, AZURE_TENANT_ID: tenantId } = values;
  if (kind === undefined) return undefined;
  if (kind === 'managed-identity') return { kind, clientId };
  if (kind === 'developer') return { kind, tenantId };

  const needs = (setting: string, what: string) =>
    report(setting, 'missing', `is missing. GRAPH_IDENTITY is ${kind}, which needs ${what}.`);
  if (!tenantId) needs('AZURE_TENANT_ID', 'the id of the tenant whose mailboxes are read');
  if (!clientId) needs('AZURE_CLIENT_ID', 'the application (client) id');
  checkClouds(values, report);
  const authorityHost = values.AZURE_AUTHORITY_HOST;
  const app = tenantId && clientId ? { tenantId, clientId, authorityHost } : undefined;
  if (kind === 'federated') {
    const managedIdentityClientId = readTrusted(values, needs, report);
    const { exchangeAudience } = cloudOf(values.GRAPH_ENDPOINT ?? '') ?? cloudOf(authorityHost ?? '') ?? PUBLIC_CLOUD;
    return app && managedIdentityClientId ? { kind, ...app, managedIdentityClientId, exchangeAudience } : undefined;
  }
  const proof = readProof(values, needs, report);
  return app && proof ? { kind, ...app, proof } : undefined;
}

type Needs = (setting: string, what: string) => void;

/** The Graph of one cloud rejects the tokens of another. */
function checkClouds({ AZURE_AUTHORITY_HOST, GRAPH_ENDPOINT: graph }: Partial<FieldValues>, report: ReportFault): void {
  const authority = AZURE_AUTHORITY_HOST ?? PUBLIC_CLOUD.authorities[0];
  const cloud = cloudOf(graph ?? '');
  const other = cloudOf(authority);
  if (!cloud || !other || cloud === other) return;
  const isDefault = AZURE_AUTHORITY_HOST === undefined ? ' (its default)' : '';
  const needed = cloud.authorities.join(' or ');
  const text = `is ${authority}${isDefault}, but GRAPH_ENDPOINT ${graph} needs ${needed}. Set both to the same cloud.`;
  report('AZURE_AUTHORITY_HOST', 'contradictory', text);
}

function readTrusted(values: Partial<FieldValues>, needs: Needs, report: ReportFault): string | undefined {
  const { GRAPH_FEDERATION_CLIENT_ID: trusted, AZURE_CLIENT_ID: clientId } = values;
  if (!trusted) {
    // "Configure an application to trust a managed identity": system-assigned ones are not supported.
    needs('GRAPH_FEDERATION_CLIENT_ID', 'the client id of the user-assigned managed identity that the app trusts');
  } else if (trusted === clientId) {
    const text =
      'is the same as AZURE_CLIENT_ID. Set it to the managed identity, and AZURE_CLIENT_ID to the app that trusts it.';
    report('GRAPH_FEDERATION_CLIENT_ID', 'contradictory', text);
  }
  return trusted;
}

function readProof(values: Partial<FieldValues>, needs: Needs, report: ReportFault) {
  const { AZURE_CLIENT_SECRET: secret, AZURE_CLIENT_CERTIFICATE_PATH: certificatePath } = values;
  if (secret && certificatePath) {
    const text = 'and AZURE_CLIENT_CERTIFICATE_PATH are both set. Keep the one that the app registration uses.';
    report('AZURE_CLIENT_SECRET', 'contradictory', text);
  }
  if (!secret && !certificatePath) needs('AZURE_CLIENT_SECRET', 'this setting or AZURE_CLIENT_CERTIFICATE_PATH');
  if (secret) return { secret };
  if (!certificatePath) return undefined;
  const password = values.AZURE_CLIENT_CERTIFICATE_PASSWORD;
  return { certificatePath, ...(password ? { password } : {}) };
}

/** The same text for the same identity, and another for another. It holds secrets: keep it in memory only. */
export function identityKey(identity: GraphIdentity): string {
  const proof = 'proof' in identity ? Object.values(identity.proof) : [];
  const secrets = proof.map((one) => (one instanceof Secret ? one.reveal() : one));
  return JSON.stringify([identity, secrets]);
}
