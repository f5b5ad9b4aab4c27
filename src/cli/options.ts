// The command line: what it takes, and what is wrong with it.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { SingleQuestion } from '../ask/ask.ts';
import { EXPECTATIONS, parseMailbox } from '../rules/mailbox.ts';

export const USAGE = `Usage: mailscope [ask] [OPTIONS]
       mailscope doctor [OPTIONS]      what is wrong with a set-up; see mailscope doctor --help

Asks Microsoft Graph once about every mailbox of ALLOWED_MAILBOXES, DENIED_MAILBOXES and MAILBOXES_FILE,
and says whether each is as declared. Settings come from the environment, then from local.settings.json.

  --mailbox NAME     ask about this one alone, whatever the lists say; with
  --expect WORD      allowed or denied, and for denied with
  --control NAME     a mailbox that must answer before and after: only then a refusal proves something
  --wait TIME        ask again until all is as declared, for so long at the most: 90s, 30m, 2h
  --json             print the report as JSON
  --junit FILE       write the report as JUnit XML too
  --help             print this

Exit code: 0 all is as declared, 1 a breach or a lockout, 2 something could not be proved,
3 bad settings or a command line that is not understood.`;

export interface AskOptions {
  /** Undefined for all that the settings list. */
  readonly question: SingleQuestion | undefined;
  /** 0 asks once. */
  readonly waitMs: number;
  readonly json: boolean;
  readonly junitFile: string | undefined;
}

/** A command line that is not understood; the message says what would be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Null when help is asked for. Throws UsageError. */
export function readOptions(args: readonly string[]): AskOptions | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [unknown] = positionals.slice(positionals[0] === 'ask' ? 1 : 0);
  if (unknown !== undefined)
    throw new UsageError(`There is no command "${unknown}": ask and doctor are, and stand first.`);
  if (values.junit?.trim() === '') throw new UsageError('--junit takes the name of a file.');
  return {
    question: readQuestion(values),
    waitMs: values.wait === undefined ? 0 : durationMs(values.wait),
    json: values.json,
    junitFile: values.junit,
  };
}

function parse(args: readonly string[]) {
  return parseOptions(args, {
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
    // parseArgs throws nothing but Errors whose message names the option, and goes on to what hardly anybody means.
    const [sentence = ''] = (cause as Error).message.split('. ', 1);
    throw new UsageError(sentence, { cause });
  }
}

type Values = Readonly<Partial<Record<'mailbox' | 'expect' | 'control', string>>>;

function readQuestion({ mailbox: name, expect, control: controlName }: Values): SingleQuestion | undefined {
  if (name === undefined) {
    if (expect === undefined && controlName === undefined) return undefined;
    throw new UsageError(`--${expect === undefined ? 'control' : 'expect'} goes with --mailbox.`);
  }
  const mailbox = mailboxOf('--mailbox', name);
  const expectation = EXPECTATIONS.find((one) => one === expect);
  if (expect === undefined) throw new UsageError('--mailbox needs --expect allowed or --expect denied.');
  if (expectation === undefined) throw new UsageError(`--expect takes allowed or denied, not "${expect}".`);
  const control = controlName === undefined ? undefined : mailboxOf('--control', controlName);
  if (expectation === 'denied' && control === undefined) {
    throw new UsageError(
      '--expect denied needs --control, an allowed mailbox: a refusal proves nothing while nothing can be read.',
    );
  }
  if (control === mailbox) throw new UsageError('--control takes another mailbox than --mailbox.');
  return { mailbox, expectation, control };
}

function mailboxOf(option: string, text: string): string {
  const mailbox = parseMailbox(text);
  if (mailbox !== null) return mailbox;
  throw new UsageError(
    `${option} takes a user principal name (with one @ and no /) or a directory object id, not "${text}".`,
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
