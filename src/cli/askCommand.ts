// The command `ask`: reads settings and options, asks Graph, and prints a report.
//
// 1. Open the JUnit file. So a bad name fails before the wait, and an old report cannot pass for the new one.
// 2. Check the settings, and print all their faults at once.
// 3. Ask Graph, repeatedly with --wait.
// 4. Write and print the report. Its verdicts give the exit code.
import { type FileHandle, open } from 'node:fs/promises';
import { type AskReport, ask, listedPortions, type SingleQuestion, singlePortion } from '../ask/ask.ts';
import { askUntil, type Waiting } from '../ask/askUntil.ts';
import { MailscopeError } from '../errors.ts';
import { printable, printableJson } from '../printable.ts';
import { span } from '../rules/span.ts';
import type { Services } from '../services.ts';
import { type Environment, isLoopback } from '../settings/settings.ts';
import { junit } from './junit.ts';
import { type AskOptions, readOptions, USAGE, UsageError } from './options.ts';
import { table } from './reportTable.ts';
import { counted, exitCodeOf } from './reportWords.ts';
import type { Screen } from './screen.ts';

/** A fault may name twenty mailboxes. */
const LONGEST_TEXT = 8_000;

export type ExitCode = 0 | 1 | 2 | 3;

/**
 * Makes the services from an environment. Each ask makes new ones, because only a new token shows the current roles.
 */
export type MakeServices = (environment: Environment) => Services;

/** Returns the exit code; see USAGE. Throws only for a defect. */
export async function askCommand(
  args: readonly string[],
  environment: Environment,
  screen: Screen,
  makeServices: MakeServices,
): Promise<ExitCode> {
  let file: FileHandle | undefined;
  try {
    const options = readOptions(args);
    if (options === null) {
      screen.print(`${USAGE}\n`);
      return 0;
    }
    file = options.junitFile === undefined ? undefined : await openReport(options.junitFile);
    const make = () => makeServices(settingsFor(options.question, environment));
    const services = make();
    services.settings();
    const report = await askUntil(
      () => askOnce(make(), options.question, screen),
      services,
      options.waitMs,
      (waiting) => screen.progress(waitingLine(services.now(), waiting)),
    );
    await file?.writeFile(junit(report));
    if (report.noToken !== null) screen.say(noTokenLine(services, report.noToken));
    screen.print(printed(report, options));
    return exitCodeOf(report);
  } catch (error) {
    return explain(error, screen);
  } finally {
    await file?.close();
  }
}

/**
 * `ask` stores nothing, so a placeholder stands in for storage and is never opened. Only a list in a blob needs the
 * account.
 */
function settingsFor(question: SingleQuestion | undefined, environment: Environment): Environment {
  const list = question
    ? { ALLOWED_MAILBOXES: question.control ?? question.mailbox, DENIED_MAILBOXES: '', MAILBOXES_FILE: '' }
    : {};
  const wanted = { ...environment, ...list };
  if (wanted.MAILBOXES_FILE?.trim().startsWith('blob:')) return wanted;
  const others = Object.entries(wanted).filter(([name]) => !name.startsWith('AzureWebJobsStorage'));
  return { ...Object.fromEntries(others), AzureWebJobsStorage: 'UseDevelopmentStorage=true' };
}

async function openReport(name: string): Promise<FileHandle> {
  try {
    return await open(name, 'w');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'its folder does not exist' : code;
    throw new UsageError(`--junit: ${name} cannot be written (${why}).`, { cause });
  }
}

async function askOnce(services: Services, question: SingleQuestion | undefined, screen: Screen): Promise<AskReport> {
  const portions = question ? [singlePortion(question)] : await listedPortions(services);
  const all = portions.reduce((sum, portion) => sum + portion.ask.length, 0);
  screen.watch(`Asking Microsoft Graph about ${all} ${all === 1 ? 'mailbox' : 'mailboxes'} …`);
  return ask(services, portions, (done) => screen.watch(`${done} of ${all} mailboxes asked`));
}

function waitingLine(now: Date, { report, pauseMs, leftMs }: Waiting): string {
  const why = report.noToken === null ? '' : ' (no token)';
  const time = now.toISOString().slice(11, 19);
  return `${time} not yet: ${counted(report)}${why}; asking again in ${span(pauseMs)}, ${span(leftMs)} left`;
}

function noTokenLine(services: Services, why: string): string {
  const { graphIdentity, graphEndpoint } = services.settings();
  const sandbox = isLoopback(new URL(graphEndpoint).hostname)
    ? ' If the sandbox is not running, start it with npm start.'
    : '';
  return `Graph was not asked, because ${graphIdentity.kind} gets no token: ${printable(why, LONGEST_TEXT).replace(/\.$/, '')}.${sandbox}`;
}

function printed(report: AskReport, { json }: AskOptions): string {
  return json ? `${printableJson(report)}\n` : table(report);
}

function explain(error: unknown, screen: Screen): ExitCode {
  if (error instanceof UsageError) {
    screen.say(`${printable(error.message, LONGEST_TEXT)}\nUse --help to see the options.`);
    return 3;
  }
  if (!(error instanceof MailscopeError)) throw error;
  const { faults = [error.message] } = error.facts;
  screen.say(faults.map((fault) => printable(fault, LONGEST_TEXT)).join('\n'));
  return error.code === 'configuration-invalid' ? 3 : 2;
}
