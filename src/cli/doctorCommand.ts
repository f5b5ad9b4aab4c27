// The command `doctor`: checks everything that a run needs, and prints each result and what to do.
import { type DoctorReport, examine } from '../doctor/examine.ts';
import { printable, printableJson } from '../printable.ts';
import type { Environment } from '../settings/settings.ts';
import type { ExitCode, MakeServices } from './askCommand.ts';
import { doctorTable } from './doctorTable.ts';
import { parseOptions, UsageError } from './options.ts';
import type { Screen } from './screen.ts';

const USAGE = `Usage: mailscope doctor [OPTIONS]

Checks the settings, storage, the token, Microsoft Graph, a few listed mailboxes, the schedule, the webhook
and the heartbeat. Says what is wrong and what to do. It removes everything that it writes.

  --send             send a test alert to the webhook; without it, the doctor only connects to the webhook's host
  --json             print the report as JSON
  --help             print this

Exit code: 0 healthy, perhaps with warnings, 1 something is wrong, 2 the doctor itself failed,
3 bad settings or a bad command line.`;

const EXIT_CODES = { healthy: 0, unhealthy: 1, 'bad-settings': 3 } as const satisfies Record<
  DoctorReport['result'],
  ExitCode
>;

/** Returns the exit code; see USAGE. Throws only for a defect. */
export async function doctorCommand(
  args: readonly string[],
  environment: Environment,
  screen: Screen,
  makeServices: MakeServices,
): Promise<ExitCode> {
  try {
    const options = readDoctorOptions(args);
    if (options.help) {
      screen.print(`${USAGE}\n`);
      return 0;
    }
    const onCheck = (name: string) => screen.watch(`Checking … ${name} is done`);
    const report = await examine(environment, makeServices, { send: options.send, onCheck });
    screen.print(options.json ? `${printableJson(report)}\n` : doctorTable(report));
    return EXIT_CODES[report.result];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    screen.say(`${printable(error.message)}\nUse --help to see the options.`);
    return 3;
  }
}

/** Throws UsageError. */
function readDoctorOptions(args: readonly string[]) {
  const { values, positionals } = parseOptions(args, {
    send: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  const [, unknown] = positionals;
  if (unknown !== undefined) throw new UsageError(`doctor does not know "${unknown}".`);
  return values;
}
