// Reads the command line, and says what is wrong with it.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { SingleQuestion } from '../ask/ask.ts';
import { characterFault, EXPECTATIONS, parseMailbox, shownName } from '../rules/mailbox.ts';

export const USAGE = `Usage: mailscope [ask] [OPTIONS]
       mailscope doctor [OPTIONS]      finds what is wrong with a set-up; see mailscope doctor --help

Asks Microsoft Graph once about every mailbox of ALLOWED_MAILBOXES, DENIED_MAILBOXES and MAILBOXES_FILE,
and says whether each is as declared. Settings come from the environment, then from local.settings.json.

  --scope NAME       ask only about this scope of SCOPES; all of them without it
  --mailbox NAME     ask only about this mailbox and ignore the lists; needs --expect
  --expect WORD      what the mailbox should be: allowed or denied; denied needs --control
  --control NAME     an allowed mailbox, read before and after; without it a refusal proves nothing
  --wait TIME        repeat until all is as declared, but at most this long: 90s, 30m, 2h
  --json             print the report as JSON
  --junit FILE       also write the report as JUnit XML
  --help             print this

Exit code: 0 all is as declared, 1 a breach or a lockout, 2 something could not be proved,
3 bad settings or a bad command line. With several scopes the worst counts: a breach or a lockout,
then bad settings, then what could not be proved.`;

export interface AskOptions {
  /** Undefined to ask about all listed mailboxes. */
  readonly question: SingleQuestion | undefined;
  /** Undefined to ask about all scopes. */
  readonly scope: string | undefined;
  /** 0 asks once. */
  readonly waitMs: number;
  readonly json: boolean;
  readonly junitFile: string | undefined;
}

/** A bad command line. The message says what is wrong and what is right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Null when help is asked for. Throws UsageError. */
export function readOptions(args: readonly string[]): AskOptions | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [unknown] = positionals.slice(positionals[0] === 'ask' ? 1 : 0);
  if (unknown !== undefined)
    throw new UsageError(`There is no command "${unknown}". The first word must be ask or doctor.`);
  if (values.junit?.trim() === '') throw new UsageError('--junit needs the name of a file.');
  return {
    question: readQuestion(values),
    scope: values.scope,
    waitMs: values.wait === undefined ? 0 : durationMs(values.wait),
    json: values.json,
    junitFile: values.junit,
  };
}

function parse(args: readonly string[]) {
  return parseOptions(args, {
    scope: { type: 'string' },
    mailbox: { type: 'string' },
    expect: { type: 'string' },
    control: { type: 'string' },
    wait: { type: 'string' },
    json: { type: 'boolean', default: false },
    junit: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  });
}

/** Throws UsageError. */
export function parseOptions<const T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    // The first sentence of parseArgs' error names the option. The rest is advice for rare cases.
    const [sentence = ''] = (cause as Error).message.split('. ', 1);
    throw new UsageError(sentence, { cause });
  }
}

type Values = Readonly<Partial<Record<'mailbox' | 'expect' | 'control', string>>>;

function readQuestion({ mailbox: name, expect, control: controlName }: Values): SingleQuestion | undefined {
  if (name === undefined) {
    if (expect === undefined && controlName === undefined) return undefined;
    throw new UsageError(`--${expect === undefined ? 'control' : 'expect'} needs --mailbox.`);
  }
  const mailbox = mailboxOf('--mailbox', name);
  const expectation = EXPECTATIONS.find((one) => one === expect);
  if (expect === undefined) throw new UsageError('--mailbox needs --expect allowed or --expect denied.');
  if (expectation === undefined) throw new UsageError(`--expect takes allowed or denied, not "${expect}".`);
  const control = controlName === undefined ? undefined : mailboxOf('--control', controlName);
  if (expectation === 'denied' && control === undefined) {
    throw new UsageError(
      '--expect denied needs --control with an allowed mailbox. Without one, a refusal proves nothing.',
    );
  }
  if (control === mailbox) throw new UsageError('--control and --mailbox must name different mailboxes.');
  return { mailbox, expectation, control };
}

function mailboxOf(option: string, text: string): string {
  const mailbox = parseMailbox(text);
  if (mailbox !== null) return mailbox;
  const advice = characterFault(text);
  throw new UsageError(
    `${option} takes a user principal name (with one @ and no /) or a directory object id, not ${shownName(text)}.${advice === null ? '' : ` ${advice}.`}`,
  );
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const LONGEST_WAIT_MS = 24 * 3_600_000;

function durationMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? 0);
  if (ms > 0 && ms <= LONGEST_WAIT_MS) return ms;
  throw new UsageError(`--wait takes a time from 1s to 24h, such as 90s, 30m or 2h, not "${text}".`);
}
