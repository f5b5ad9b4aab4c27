// Reads the storage account as the platform does: a connection string, or a name or addresses with an identity.
import { missingEndpoint } from './connectionString.ts';
import { FIELDS, type FieldValues, type Secret } from './fields.ts';
import { given } from './given.ts';
import type { ReportFault } from './identity.ts';
import type { Environment } from './settings.ts';

/** Where runs are kept. */
export type StorageSettings =
  | { readonly kind: 'connection-string'; readonly value: Secret }
  | {
      readonly kind: 'identity';
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      /** For a list in a blob. */
      readonly blobServiceUri: string | undefined;
      readonly credential: string | undefined;
      /** A user-assigned identity: by its client id, or by its resource id. */
      readonly clientId: string | undefined;
      readonly resourceId: string | undefined;
    };

/** The parts of an identity-based connection follow it. */
const CONNECTION_PREFIX = 'AzureWebJobsStorage__';
const CONNECTION_PARTS = Object.keys(FIELDS.shape).filter((setting) => setting.startsWith(CONNECTION_PREFIX));

/** The storage account; undefined when something is wrong with it, which is reported. */
export function readStorage(
  values: Partial<FieldValues>,
  environment: Environment,
  report: ReportFault,
): StorageSettings | undefined {
  const { AzureWebJobsStorage: connection } = values;
  const listIsBlob = values.MAILBOXES_FILE?.kind === 'blob';
  if (connection) {
    const missing = connection.missing.filter((service) => service !== 'Blob' || listIsBlob).map(missingEndpoint);
    for (const { kind, text } of missing) report('AzureWebJobsStorage', kind, text);
    return missing.length === 0 ? { kind: 'connection-string', value: connection.value } : undefined;
  }
  const unknown = unknownParts(environment);
  const known = CONNECTION_PARTS.map((setting) => setting.slice(CONNECTION_PREFIX.length)).join(', ');
  for (const name of unknown) {
    const text = `is not known to Mailscope. Remove it, or use one of ${known} after the two underscores.`;
    report(name, 'malformed', text);
  }
  if (unknown.length > 0 || hasUnreadPart(values, environment)) return undefined;
  return readIdentityBased(values, listIsBlob, report);
}

function readIdentityBased(
  values: Partial<FieldValues>,
  listIsBlob: boolean,
  report: ReportFault,
): StorageSettings | undefined {
  const { AzureWebJobsStorage__accountName: account } = values;
  const serviceUri = (service: string) => account && `https://${account}.${service}.core.windows.net`;
  const tableServiceUri = values.AzureWebJobsStorage__tableServiceUri ?? serviceUri('table');
  const queueServiceUri = values.AzureWebJobsStorage__queueServiceUri ?? serviceUri('queue');
  const blobServiceUri = values.AzureWebJobsStorage__blobServiceUri ?? serviceUri('blob');
  if (!tableServiceUri && !queueServiceUri) {
    const text =
      'is missing. Set it to a connection string, or set AzureWebJobsStorage__accountName to use an identity.';
    report('AzureWebJobsStorage', 'missing', text);
    return undefined;
  }
  if (!tableServiceUri || !queueServiceUri) {
    const setting = `AzureWebJobsStorage__${tableServiceUri ? 'queue' : 'table'}ServiceUri`;
    report(setting, 'missing', 'is missing. Mailscope uses tables and queues, so set both addresses.');
    return undefined;
  }
  const { AzureWebJobsStorage__credential: credential, AzureWebJobsStorage__clientId: clientId } = values;
  const { AzureWebJobsStorage__managedIdentityResourceId: resourceId } = values;
  if (clientId && resourceId) {
    const text = 'and AzureWebJobsStorage__clientId are both set. Keep the one that names the identity.';
    report('AzureWebJobsStorage__managedIdentityResourceId', 'contradictory', text);
  }
  if (listIsBlob && !blobServiceUri) {
    const text = 'is missing. MAILBOXES_FILE names a blob, so set the address of the blob service.';
    report('AzureWebJobsStorage__blobServiceUri', 'missing', text);
    return undefined;
  }
  return { kind: 'identity', tableServiceUri, queueServiceUri, blobServiceUri, credential, clientId, resourceId };
}

/** Parts of an identity-based connection that Mailscope would ignore. They may name another identity than it uses. */
function unknownParts(environment: Environment): string[] {
  return Object.keys(environment).filter(
    (name) =>
      name.toLowerCase().startsWith(CONNECTION_PREFIX.toLowerCase()) &&
      given(environment[name]) !== undefined &&
      !CONNECTION_PARTS.some((known) => known.toLowerCase() === name.toLowerCase()),
  );
}

/** Whether a part is set that could not be read: its fault is reported already. */
function hasUnreadPart(values: Partial<FieldValues>, environment: Environment): boolean {
  const settings = ['AzureWebJobsStorage', ...CONNECTION_PARTS] as (keyof FieldValues)[];
  return settings.some((name) => given(connectionText(environment, name)) !== undefined && values[name] === undefined);
}

/** The text of a setting. The platform reads the parts of a connection in any case. */
export function connectionText(environment: Environment, setting: string): string | undefined {
  const exact = environment[setting];
  if (exact !== undefined || !setting.startsWith(CONNECTION_PREFIX)) return exact;
  const name = Object.keys(environment).find((one) => one.toLowerCase() === setting.toLowerCase());
  return name === undefined ? undefined : environment[name];
}
