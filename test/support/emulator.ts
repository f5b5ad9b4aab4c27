// A storage emulator with an account for each test.
import { freePorts } from '../../scripts/shared/ports.ts';
import { type Part, startStorage } from '../../scripts/stack/emulatorAndSandbox.ts';
import { emulatorConnection } from '../../scripts/stack/localSettings.ts';

export interface Emulator {
  /** The connection string of a new account. */
  nextAccount(): string;
  readonly port: number;
  readonly part: Part;
}

/** A port at which nothing answers, and at the two after it: no test serves there. */
export const DEAD_PORT = 14_001;

const KEY = Buffer.from('a key of the emulator').toString('base64');
const ACCOUNTS = 200;

/** Azurite, in memory. The caller stops `part`. */
export async function startEmulator(): Promise<Emulator> {
  const port = await freePorts(3);
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => `account${index}:${KEY}`).join(';');
  const part = await startStorage({ port, accounts, log: () => undefined });
  let used = 0;
  return {
    port,
    part,
    nextAccount() {
      used += 1;
      if (used > ACCOUNTS) throw new Error('the emulator has no account left');
      return emulatorConnection(port, `account${used - 1}`, KEY);
    },
  };
}
