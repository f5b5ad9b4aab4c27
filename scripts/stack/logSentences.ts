// Turns log lines of the functions into sentences for a person at a terminal.
import { printable } from '../../src/printable.ts';

type Counts = Readonly<Record<string, number>>;

interface Told {
  readonly scope?: string;
  readonly event?: string;
  readonly id?: string;
  readonly runId?: string;
  readonly trigger?: string;
  readonly number?: number;
  readonly mailboxes?: number;
  readonly verdicts?: Counts;
  readonly outcomes?: Counts;
  readonly controlHeld?: boolean;
  readonly durationMs?: number;
  readonly mailbox?: string;
  readonly kind?: string;
  readonly closedBecause?: string;
  readonly owner?: string;
  readonly from?: string;
}

const LONGEST_LINE = 4_000;

/**
 * Turns a log line, `[function] {"event": …}`, into a sentence if it is about a run, an alert or drift. Always one line.
 *
 * @param isOneOfSeveral whether a sentence begins with its scope
 */
export function tell(line: string, isOneOfSeveral = false): string {
  const told = toldBy(line);
  const sentence = told && sentenceOf(told);
  const label = isOneOfSeveral && told?.scope ? `${told.scope}: ` : '';
  return printable(sentence ? label + sentence : line, LONGEST_LINE);
}

/** Null when there is none for such an event. */
function sentenceOf(told: Told): string | null {
  if (told.event === 'run.started') return `Run ${told.runId?.split('-').at(-1)} begins (${told.trigger}).`;
  if (told.event === 'run.completed') return runCompleted(told);
  if (told.event === 'alert.accepted') return `Alert ${told.id} was accepted.`;
  if (told.event === 'drift.opened') return `DRIFT (${told.kind}): ${told.mailbox}.`;
  if (told.event === 'tables.in-use') return `No run begins: the tables are in use by ${told.owner}.`;
  if (told.event === 'tables.taken-over') return `The tables are taken over from ${told.from}.`;
  if (told.event === 'drift.closed') return `Drift closed: ${told.mailbox}, ${told.kind}, now ${told.closedBecause}.`;
  return null;
}

/** The data of a log line; null for any other line. */
function toldBy(line: string): Told | null {
  const [, json] = /^(?:\d+ )?\[\w+\] (\{.*\})$/.exec(line) ?? [];
  if (json === undefined) return null;
  try {
    return JSON.parse(json) as Told;
  } catch {
    // Somebody else's line, which only looks like ours.
    return null;
  }
}

function runCompleted({ number, mailboxes, verdicts = {}, outcomes = {}, controlHeld, durationMs = 0 }: Told): string {
  const control = controlHeld ? 'the control held' : 'THE CONTROL DID NOT HOLD: refusals prove nothing';
  return `Run ${number}: ${mailboxes} mailboxes, ${counted(outcomes)}; ${counted(verdicts)}; ${control} (${durationMs} ms).`;
}

function counted(counts: Counts): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${count} ${name}`).join(', ') || 'nothing seen';
}
