// Runs the command line as a process: command, settings, streams, Ctrl-C and exit code.
import { printable } from '../printable.ts';
import { createScopes } from '../services.ts';
import { useProxy } from '../settings/proxy.ts';
import type { Adapt } from '../settings/scopes.ts';
import type { Environment } from '../settings/settings.ts';
import { askCommand, type ExitCode } from './askCommand.ts';
import { doctorCommand } from './doctorCommand.ts';
import { createScreen, type Screen } from './screen.ts';

/** Answers the settings, given the process's environment. Throws an Error that says what is wrong with a file or an option. */
export type ReadSettings = (environment: Environment) => Environment;

// Exit codes as in a shell: 128 plus the number of the signal.
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/**
 * Runs the command and ends the process.
 *
 * @param readSettings the settings of a file; the environment wins over them, also with an empty value
 * @param args `ask`, which is the default, or `doctor`, and the options
 */
export async function runProcess(
  readSettings: ReadSettings,
  args: readonly string[] = process.argv.slice(2),
): Promise<never> {
  const screen = createScreen(process.stdout, process.stderr);
  // A reader such as `head` may stop early. The exit code must still say what was found.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  for (const [signal, code] of SIGNALS) {
    process.once(signal, () => {
      screen.say('Stopped.');
      process.exit(code);
    });
  }
  const code = await run(screen, readSettings, args);
  await screen.flush();
  process.exit(code);
}

async function run(screen: Screen, readSettings: ReadSettings, args: readonly string[]): Promise<ExitCode> {
  // Help must not depend on a file: somebody who asks for it may have just broken it.
  const wantsHelp = args.some((arg) => arg === '--help' || arg === '-h');
  try {
    // The identity library reads the environment of the process.
    if (!wantsHelp) Object.assign(process.env, readSettings(process.env));
    useProxy();
  } catch (error) {
    screen.say(printable((error as Error).message));
    return 3;
  }
  try {
    const command = args[0] === 'doctor' ? doctorCommand : askCommand;
    return await command(args, process.env, screen, makeScopes);
  } catch (error) {
    screen.say(`Mailscope failed, and proved nothing: ${printable((error as Error).message)}`);
    return 2;
  }
}

/** The command line writes no log lines, because its report says everything. */
function makeScopes(environment: Environment, adapt?: Adapt) {
  return createScopes(environment, () => undefined, adapt);
}
