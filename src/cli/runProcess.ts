// The command line as a process: its command, its settings, its streams, Ctrl-C, and its exit code.
import { createServices } from '../services.ts';
import type { Environment } from '../settings/settings.ts';
import { askCommand, type ExitCode } from './askCommand.ts';
import { doctorCommand } from './doctorCommand.ts';
import { createScreen, type Screen } from './screen.ts';

/** Answers the settings, given the process's environment. Throws an Error that says what is wrong with a file or an option. */
export type ReadSettings = (environment: Environment) => Environment;

// As a shell counts them: 128 and the signal's number.
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/**
 * Runs the command and ends the process.
 *
 * @param readSettings the environment wins over a file, also where it is set to nothing
 * @param args `ask`, which may be left out, or `doctor`, and its options
 */
export async function runProcess(
  readSettings: ReadSettings,
  args: readonly string[] = process.argv.slice(2),
): Promise<never> {
  const screen = createScreen(process.stdout, process.stderr);
  // Whoever reads may stop before the end, as `head` does; the exit code still says what was found.
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
  try {
    // The identity library reads the process's own environment.
    Object.assign(process.env, readSettings(process.env));
  } catch (error) {
    screen.say((error as Error).message);
    return 3;
  }
  try {
    const command = args[0] === 'doctor' ? doctorCommand : askCommand;
    return await command(args, process.env, screen, makeServices);
  } catch (error) {
    screen.say(`It failed, and proved nothing: ${(error as Error).message}`);
    return 2;
  }
}

/** The report says what there is to say; a log beside it would be for a machine. */
function makeServices(environment: Environment) {
  return createServices(environment, () => undefined);
}
