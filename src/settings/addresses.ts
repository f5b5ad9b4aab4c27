// What an address means: this machine, or a service that gives out a machine's credentials.
import { BlockList, isIP } from 'node:net';

/** Whether the host name of a URL means this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

const BYTE = '(?:0|[1-9]\\d{0,2})';
const WRITTEN = new RegExp(
  `^http://(?:[^@/?#\\\\\\s]*@)?(?:localhost|127\\.${BYTE}\\.${BYTE}\\.${BYTE}|\\[::1\\])(?::\\d+)?(?:[/?#]|$)`,
  'i',
);

/**
 * Whether an address is plain http to this machine, as it is written. A URL turns `0x7f.1` and `2130706433` into
 * `127.0.0.1`, but a person who reads the setting does not see this machine in them.
 */
export function isWrittenLoopback(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isLoopback(url.hostname) && WRITTEN.test(text);
}

// "Azure Instance Metadata Service", "What is IP address 168.63.129.16?", and the same of other clouds. They are often
// reachable from a function, and whoever sets a webhook must not make the app call them.
const METADATA_NAMES: readonly string[] = ['metadata', 'metadata.google.internal', 'metadata.goog'];
const metadata = new BlockList();
for (const address of ['168.63.129.16', '100.100.100.200', '192.0.0.192']) metadata.addAddress(address);
metadata.addSubnet('169.254.0.0', 16);
metadata.addSubnet('fe80::', 10, 'ipv6');
for (const address of ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254']) metadata.addAddress(address, 'ipv6');
// The same IPv4 addresses through IPv6 ("RFC 6052"). BlockList itself knows those that begin with ::ffff.
for (const prefix of ['64:ff9b::', '::']) {
  metadata.addSubnet(`${prefix}a9fe:0`, 112, 'ipv6');
  for (const address of ['a83f:8110', '6464:64c8', 'c000:c0']) metadata.addAddress(`${prefix}${address}`, 'ipv6');
}

/** Whether the host name of a URL is a metadata service, or a link-local address, where such services are. */
export function isMetadataService(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const version = isIP(host);
  return version === 0 ? METADATA_NAMES.includes(host) : metadata.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
