// The command `doctor`: checks everything that a run needs, and prints each result and what to do.
import { type DoctorReport, examine, type ScopeReport } from '../doctor/examine.ts';
import { withStandIns } from '../doctor/settingParts.ts';
import { printable, printableJson } from '../printable.ts';
import { withoutStrays } from '../settings/scopes.ts';
import type { Environment } from '../settings/settings.ts';
import type { ExitCode, MakeScopes } from './askCommand.ts';
import { chooseScopes, faultsOfNoScope } from './chooseScopes.ts';
import { doctorTable, scopesTable, worstResult } from './doctorTable.ts';
import { parseOptions, UsageError } from './options.ts';
import type { Screen } from './screen.ts';

const USAGE = `Usage: mailscope doctor [OPTIONS]

Checks the settings, storage, the token, Microsoft Graph, a few listed mailboxes, the schedule, the webhook
and the heartbeat. Says what is wrong and what to do. It removes everything that it writes.

  --scope NAME       examine only this scope of SCOPES; all of them without it
  --send             send a test alert to the webhook; without it, the doctor only connects to the webhook's host
  --json             print the report as JSON
  --help             print this

Exit code: 0 healthy, perhaps with warnings, 1 something is wrong, 2 the doctor itself failed,
3 bad settings or a bad command line. With several scopes the worst counts:
bad settings, then what is wrong.`;

const EXIT_CODES = { healthy: 0, unhealthy: 1, 'bad-settings': 3 } as const satisfies Record<
  DoctorReport['result'],
  ExitCode
>;

/** Returns the exit code; see USAGE. Throws only for a defect. */
export async function doctorCommand(
  args: readonly string[],
  environment: Environment,
  screen: Screen,
  makeScopes: MakeScopes,
): Promise<ExitCode> {
  try {
    const options = readDoctorOptions(args);
    if (options.help) {
      screen.print(`${USAGE}\n`);
      return 0;
    }
    const scopes = makeScopes(environment);
    const chosen = chooseScopes(scopes, options.scope);
    const reports = await examine(chosen, makeScopes(withoutStrays(environment), withStandIns), {
      send: options.send,
      strays: faultsOfNoScope(scopes),
      onCheck: (scope, name) => screen.watch(`Checking … ${chosen.length > 1 ? `${scope}: ` : ''}${name} is done`),
    });
    screen.print(options.json ? `${printableJson(contentOf(reports))}\n` : textOf(reports));
    return EXIT_CODES[worstResult(reports)];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    screen.say(`${printable(error.message)}\nUse --help to see the options.`);
    return 3;
  }
}

/** The report of a single scope does not name it. */
function contentOf(reports: readonly ScopeReport[]): object {
  const [first, ...others] = reports;
  if (first && others.length === 0) {
    const { scope: _, ...report } = first;
    return report;
  }
  return { checkedAt: first?.checkedAt, result: worstResult(reports), scopes: reports };
}

function textOf(reports: readonly ScopeReport[]): string {
  const [first, ...others] = reports;
  return first && others.length === 0 ? doctorTable(first) : scopesTable(reports);
}

/** Throws UsageError. */
function readDoctorOptions(args: readonly string[]) {
  const { values, positionals } = parseOptions(args, {
    scope: { type: 'string' },
    send: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  });
  const [, unknown] = positionals;
  if (unknown !== undefined) throw new UsageError(`doctor does not know "${unknown}".`);
  return values;
}
