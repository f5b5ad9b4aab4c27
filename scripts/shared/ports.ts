// Ports of this machine: those that options name, and free ones.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Below those that systems give to outgoing connections (from 32768 on Linux): such a one may be taken before its part listens.
const LOWEST = 15_000;
const HIGHEST = 32_000;
const OWN_PORTS = 100;

// Processes that start side by side have other ids, and so begin in other ranges: they do not choose the same ports.
let next = LOWEST + (process.pid % ((HIGHEST - LOWEST) / OWN_PORTS)) * OWN_PORTS;

/** The first of `count` ports in a row that are free right now. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const servers: Server[] = [];
    if (next + count > HIGHEST) next = LOWEST;
    const first = next;
    next += count;
    try {
      for (let offset = 0; offset < count; offset += 1) servers.push(await listen(first + offset));
      return first;
    } catch {
      // The row is broken by a port that is taken: another row is tried.
    } finally {
      await Promise.all(servers.map((server) => once(server.close(), 'close')));
    }
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** An option that cannot be taken; the text names it and says what it takes. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** The port that an option names; with room for the two after it. */
export function portOf(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_533) return port;
  throw new OptionError(`${option} takes a port from 1 to 65533, not "${text}".`);
}
