// Reads the connection string of a storage account as the platform does: in any case, with parts that are left out.
import type { FaultKind } from './fields.ts';

/** A service of the account that Mailscope may use. */
export const SERVICES = ['Table', 'Queue', 'Blob'] as const;
export type StorageService = (typeof SERVICES)[number];

export interface ConnectionString {
  /** As every library of Azure reads it: exact names, with the address of each service. */
  readonly value: string;
  /** The services without an address. */
  readonly missing: readonly StorageService[];
}

export interface ConnectionFault {
  readonly kind: FaultKind;
  /** Follows the setting's name. It never holds a part of the value, which is a secret. */
  readonly text: string;
}

const EXAMPLE =
  'Use one such as UseDevelopmentStorage=true or DefaultEndpointsProtocol=https;AccountName=…;AccountKey=….';

/**
 * Reads "Configure Azure Storage connection strings": parts in any order and case. The protocol is https and the suffix is
 * that of the public cloud unless the string says otherwise.
 *
 * An address that is left out follows from the account's name. But a string that names other addresses and no suffix
 * belongs to an emulator or to a domain of its own, and then nobody can know the one that is missing.
 */
export function readConnectionString(text: string): ConnectionString | ConnectionFault {
  if (/^\s*UseDevelopmentStorage\s*=\s*true\s*;?\s*$/i.test(text))
    return { value: 'UseDevelopmentStorage=true', missing: [] };
  const parts = partsOf(text);
  const [account, key] = [parts.get('accountname'), parts.get('accountkey')];
  const signature = parts.get('sharedaccesssignature')?.replace(/^\?/, '');
  if (signature === undefined && (account === undefined || key === undefined)) {
    return malformed(`is not a connection string of a storage account. ${EXAMPLE}`);
  }
  const protocol = (parts.get('defaultendpointsprotocol') ?? 'https').toLowerCase();
  if (protocol !== 'https' && protocol !== 'http') {
    return malformed(
      'has a DefaultEndpointsProtocol that is neither https nor http. Copy the connection string again.',
    );
  }
  if (key !== undefined && !isBase64(key)) {
    return malformed('has an AccountKey that is not base64. Copy the connection string again, with the whole key.');
  }
  const addresses = addressesOf(parts, protocol);
  for (const [service, address] of addresses) {
    if (isAddress(address)) continue;
    return malformed(
      `has a ${service}Endpoint that is not an http or https address. Copy the connection string again.`,
    );
  }
  const suffix = parts.get('endpointsuffix');
  const proof =
    key === undefined
      ? [`SharedAccessSignature=${signature}`]
      : [`DefaultEndpointsProtocol=${protocol}`, `AccountName=${account}`, `AccountKey=${key}`];
  const known = [...addresses].map(([service, address]) => `${service}Endpoint=${address}`);
  const rest = suffix === undefined || key === undefined ? [] : [`EndpointSuffix=${suffix}`];
  const missing = SERVICES.filter((service) => !addresses.has(service));
  return { value: [...proof, ...known, ...rest].join(';'), missing };
}

/** The fault of a string without the address of a service that Mailscope needs. */
export function missingEndpoint(service: StorageService): ConnectionFault {
  const why =
    service === 'Blob' ? 'MAILBOXES_FILE names a blob, so the address is needed' : 'Mailscope uses tables and queues';
  return { kind: 'missing', text: `has no ${service}Endpoint. ${why}. Add ${service}Endpoint=https://… to it.` };
}

function malformed(text: string): ConnectionFault {
  return { kind: 'malformed', text };
}

/** The parts by lower-case name. Of two with one name the first counts, as in the libraries. */
function partsOf(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
    if (value !== '' && !parts.has(name.toLowerCase())) parts.set(name.toLowerCase(), value);
  }
  return parts;
}

function addressesOf(parts: ReadonlyMap<string, string>, protocol: string): Map<StorageService, string> {
  const given = SERVICES.filter((service) => parts.has(`${service.toLowerCase()}endpoint`));
  const [account, suffix] = [parts.get('accountname'), parts.get('endpointsuffix')];
  const isKnown = account !== undefined && (suffix !== undefined || given.length === 0);
  const addresses = new Map<StorageService, string>();
  for (const service of SERVICES) {
    const address = parts.get(`${service.toLowerCase()}endpoint`);
    const usual = `${protocol}://${account}.${service.toLowerCase()}.${suffix ?? 'core.windows.net'}`;
    if (address !== undefined || isKnown) addresses.set(service, address ?? usual);
  }
  return addresses;
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function isAddress(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}
