// The command `doctor`: looks at everything that a run needs, and prints each check with its result and what to do.
import { type DoctorReport, examine } from '../doctor/examine.ts';
import type { Environment } from '../settings/settings.ts';
import type { ExitCode, MakeServices } from './askCommand.ts';
import { doctorTable } from './doctorTable.ts';
import { parseOptions, UsageError } from './options.ts';
import type { Screen } from './screen.ts';

const USAGE = `Usage: mailscope doctor [OPTIONS]

Looks at the settings, storage, the token, Microsoft Graph, a few listed mailboxes, the schedule, the webhook
and the heartbeat, and says what is wrong and what to do. Nothing that it writes stays.

  --send             send a test alert to the webhook; without it, the webhook's host is only connected to
  --json             print the report as JSON
  --help             print this

Exit code: 0 healthy, warnings included, 1 something is wrong, 2 the doctor itself failed,
3 bad settings or a command line that is not understood.`;

const EXIT_CODES = { healthy: 0, unhealthy: 1, 'bad-settings': 3 } as const satisfies Record<
  DoctorReport['result'],
  ExitCode
>;

/** Answers the exit code; see USAGE. Throws only what is a defect. */
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
    const onCheck = (name: string) => screen.watch(`Looking at everything … ${name} is done`);
    const report = await examine(environment, makeServices, { send: options.send, onCheck });
    screen.print(options.json ? `${JSON.stringify(report, null, 2)}\n` : doctorTable(report));
    return EXIT_CODES[report.result];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    screen.say(`${error.message}\n--help says what it takes.`);
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
  if (unknown !== undefined) throw new UsageError(`doctor takes no "${unknown}".`);
  return values;
}
