// The command `ask`: reads settings and options, asks Graph, and prints a report.
//
// 1. Open the JUnit file. So a bad name fails before the wait, and an old report cannot pass for the new one.
// 2. Choose the scopes.
// 3. Ask Graph about all of them side by side, repeatedly with --wait. A scope with bad settings is not asked.
// 4. Say why a scope was not asked. Write and print the report. Its verdicts give the exit code.
import { type FileHandle, open } from 'node:fs/promises';
import type { SingleQuestion } from '../ask/ask.ts';
import { askScopes, isAsDeclared, type ScopeAsked } from '../ask/askScopes.ts';
import { askUntil, type Waiting } from '../ask/askUntil.ts';
import { printable } from '../printable.ts';
import { span } from '../rules/span.ts';
import type { Scopes, Services } from '../services.ts';
import type { Adapt } from '../settings/scopes.ts';
import { type Environment, isLoopback } from '../settings/settings.ts';
import { exitCodeOf, faultsOf, printed } from './askReport.ts';
import { type Chosen, chooseScopes, faultsOfNoScope, namesOf } from './chooseScopes.ts';
import { junit } from './junit.ts';
import { readOptions, USAGE, UsageError } from './options.ts';
import { counted } from './reportWords.ts';
import type { Screen } from './screen.ts';

/** A fault may name twenty mailboxes. */
const LONGEST_TEXT = 8_000;

export type ExitCode = 0 | 1 | 2 | 3;

/**
 * Makes the scopes from an environment. Each ask makes new ones, because only a new token shows the current roles.
 */
export type MakeScopes = (environment: Environment, adapt?: Adapt) => Scopes;

/** Returns the exit code; see USAGE. Throws only for a defect. */
export async function askCommand(
  args: readonly string[],
  environment: Environment,
  screen: Screen,
  makeScopes: MakeScopes,
): Promise<ExitCode> {
  let file: FileHandle | undefined;
  try {
    const options = readOptions(args);
    if (options === null) {
      screen.print(`${USAGE}\n`);
      return 0;
    }
    const { question, scope, waitMs } = options;
    file = options.junitFile === undefined ? undefined : await openReport(options.junitFile);
    const make = () => makeScopes(environment, settingsFor(question));
    const scopes = make();
    const chosen = chooseScopes(scopes, scope);
    if (question && chosen.length > 1) throw new UsageError(`--mailbox needs --scope with one of ${namesOf(chosen)}.`);
    const stray = faultsOfNoScope(scopes).map(({ message }) => message);
    sayAll(screen, stray);
    const asked = await askUntil(
      () => askScopes(chooseScopes(make(), scope), question, watchOn(screen, chosen)),
      isAsDeclared,
      chosen[0],
      waitMs,
      (waiting) => screen.progress(waitingLine(chosen[0].now(), waiting)),
    );
    sayAll(screen, troubles(scopes, chosen, asked));
    const isOnlyFailure = asked.length === 1 && asked.every((one) => 'failure' in one);
    if (!isOnlyFailure) {
      await file?.writeFile(junit(asked));
      screen.print(printed(asked, options.json));
    }
    // Whoever asks about all scopes means those too that are not listed.
    return exitCodeOf(asked, scope === undefined && stray.length > 0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    screen.say(`${printable(error.message, LONGEST_TEXT)}\nUse --help to see the options.`);
    return 3;
  } finally {
    await file?.close();
  }
}

/**
 * `ask` stores nothing, so a placeholder stands in for storage and is never opened. Only a list in a blob needs the
 * account.
 */
function settingsFor(question: SingleQuestion | undefined): Adapt {
  const list = question
    ? { ALLOWED_MAILBOXES: question.control ?? question.mailbox, DENIED_MAILBOXES: '', MAILBOXES_FILE: '' }
    : {};
  return (alone) => {
    const wanted = { ...alone, ...list };
    if (wanted.MAILBOXES_FILE?.trim().startsWith('blob:')) return wanted;
    const others = Object.entries(wanted).filter(([name]) => !name.startsWith('AzureWebJobsStorage'));
    return { ...Object.fromEntries(others), AzureWebJobsStorage: 'UseDevelopmentStorage=true' };
  };
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

function sayAll(screen: Screen, texts: readonly string[]): void {
  if (texts.length > 0) screen.say(texts.map((text) => printable(text, LONGEST_TEXT)).join('\n'));
}

function watchOn(screen: Screen, chosen: Chosen) {
  const label = labelOf(chosen);
  return ({ scope }: Services, done: number, all: number) => {
    const mailboxes = all === 1 ? 'mailbox' : 'mailboxes';
    const begins = `${label(scope)}Asking Microsoft Graph about ${all} ${mailboxes} …`;
    screen.watch(done === 0 ? begins : `${label(scope)}${done} of ${all} mailboxes asked`);
  };
}

/** What begins a line about a scope. */
function labelOf({ length }: readonly unknown[]): (scope: string) => string {
  return (scope) => (length > 1 ? `${scope}: ` : '');
}

function waitingLine(now: Date, { seen, pauseMs, leftMs }: Waiting<readonly ScopeAsked[]>): string {
  const label = labelOf(seen);
  const open = seen.flatMap((one) => {
    if ('failure' in one || isAsDeclared([one])) return [];
    return [`${label(one.scope)}${counted(one.report)}${one.report.noToken === null ? '' : ' (no token)'}`];
  });
  const time = now.toISOString().slice(11, 19);
  return `${time} not yet: ${open.join('; ')}; asking again in ${span(pauseMs)}, ${span(leftMs)} left`;
}

/** Why scopes were not asked. A fault that all of them have is said once. */
function troubles({ faults }: Scopes, chosen: Chosen, asked: readonly ScopeAsked[]): string[] {
  const label = labelOf(asked);
  const said = new Set<string>();
  const general = new Set(faults.map(({ message }) => message));
  return asked.flatMap((one, index) => {
    const { scope } = one;
    if ('report' in one) {
      const services = chosen[index];
      return services && one.report.noToken !== null ? [label(scope) + noTokenLine(services, one.report.noToken)] : [];
    }
    return faultsOf(one.failure).flatMap((fault) => {
      if (said.has(fault)) return [];
      if (!general.has(fault)) return [label(scope) + fault];
      said.add(fault);
      return [fault];
    });
  });
}

function noTokenLine(services: Services, why: string): string {
  const { graphIdentity, graphEndpoint } = services.settings();
  const sandbox = isLoopback(new URL(graphEndpoint).hostname)
    ? ' If the sandbox is not running, start it with npm start.'
    : '';
  return `Graph was not asked, because ${graphIdentity.kind} gets no token: ${printable(why, LONGEST_TEXT).replace(/\.$/, '')}.${sandbox}`;
}
