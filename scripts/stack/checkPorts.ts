// Looks at the ports before anything is started, and names all that cannot be taken, each with its option.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Ports } from './localSettings.ts';

/** Ports that cannot be taken; the message has a line for each option that must change. */
export class PortsError extends Error {
  override readonly name = 'PortsError';
}

interface Wanted {
  readonly option: string;
  readonly ports: readonly number[];
}

/** Rejects with PortsError. A part that is not started needs no port. */
export async function checkPorts(ports: Ports, sandboxed: boolean, emulated: boolean): Promise<void> {
  const wanted: readonly Wanted[] = [
    { option: '--port', ports: [ports.functions] },
    ...(sandboxed ? [{ option: '--sandbox-port', ports: [ports.sandbox] }] : []),
    ...(emulated ? [{ option: '--storage-port', ports: [0, 1, 2].map((offset) => ports.storage + offset) }] : []),
  ];
  // A port that two options ask for is tried once: the second try would find the first one there.
  const tried = wanted.map(({ option, ports: all }, index) => ({
    option,
    ports: all.filter((port) => !wanted.slice(0, index).some((other) => other.ports.includes(port))),
  }));
  const taken = await Promise.all(tried.map(takenPorts));
  const sentences = [...askedForTwice(wanted), ...taken.flat()];
  if (sentences.length > 0) throw new PortsError(sentences.join('\n'));
}

function askedForTwice(wanted: readonly Wanted[]): string[] {
  return wanted.flatMap(({ option, ports }, index) =>
    ports.flatMap((port) => {
      const other = wanted.slice(0, index).find((one) => one.ports.includes(port));
      return other ? [`Port ${port} is asked for by ${other.option} and ${option}: choose another one.`] : [];
    }),
  );
}

/** One sentence for an option, however many of its ports are taken. */
async function takenPorts({ option, ports }: Wanted): Promise<string[]> {
  const found = await Promise.all(ports.map(async (port) => ({ port, why: await reasonAgainst(port) })));
  const taken = found.filter(({ why }) => why !== null);
  const [first] = taken;
  if (first === undefined) return [];
  const which = taken.length === 1 ? `Port ${first.port} is` : `Ports ${taken.map(({ port }) => port).join(', ')} are`;
  return [`${which} ${first.why}: choose another one with ${option}.`];
}

/** Null when the port is free. */
async function reasonAgainst(port: number): Promise<string | null> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return null;
  } catch (error) {
    // listen fails with nothing but the system's errors.
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EADDRINUSE' ? 'in use' : `refused by the system (${code})`;
  } finally {
    server.close();
  }
}
