// Connects to a host to see whether it can be reached. It sends nothing.
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Connection } from '../rules/doctor/networkFindings.ts';

const TIMEOUT_MS = 10_000;

/** Looks up the name, connects, and for https starts TLS. Never throws for a fault of the network. */
export async function connect({ protocol, hostname, port }: URL): Promise<Connection> {
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  let failedAt: 'name' | 'connection' | 'tls' = 'name';
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    await lookup(host);
    failedAt = 'connection';
    const target = { host, port: Number(port || (isSecure ? 443 : 80)) };
    const socket = isSecure
      ? connectTls({ ...target, ...(isIP(host) ? {} : { servername: host }) })
      : connectTcp(target);
    socket.once('connect', () => {
      failedAt = 'tls';
    });
    try {
      await once(socket, isSecure ? 'secureConnect' : 'connect', { signal });
    } finally {
      socket.destroy();
    }
    return { reached: true };
  } catch (error) {
    // An error of the system, or the signal's reason.
    const { code } = error as NodeJS.ErrnoException;
    return { reached: false, failedAt, code: signal.aborted ? 'no answer in time' : String(code) };
  }
}
