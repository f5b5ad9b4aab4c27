// Writes an alert in words: a headline, what to do, and a line for each mailbox.
import { cut } from '../printable.ts';
import { type Alert, type AlertItem, type Counts, HAPPENINGS, type Happening } from './alert.ts';

/** The texts that every format uses. They hold no markup, but names of mailboxes may look like markup. */
export interface AlertText {
  readonly headline: string;
  /** What to do next. */
  readonly advice: readonly string[];
  readonly notices: readonly string[];
  readonly lines: readonly string[];
  /** The number of mailboxes that are not named. */
  readonly more: number;
  readonly link: string | null;
}

const LONGEST_NAME = 120;

export function compose(alert: Alert): AlertText {
  const { title, counts, items, notices, driftUrl: link } = alert;
  const parts = HAPPENINGS.flatMap((one) => counted(one, counts[one]));
  const total = Object.values(counts).reduce((sum, kinds) => sum + sumOf(kinds), 0);
  const subject = [...parts, ...notices.slice(0, 2).map(firstClause)].join(', ');
  return {
    headline: alert.test ? `${title}: this is a test alert` : `${title}: ${subject}`,
    advice: alert.test ? ['Nothing has happened. If you can read this, alerts arrive.'] : adviceFor(alert),
    notices,
    lines: items.map(lineOf),
    more: total - items.length,
    link,
  };
}

/** The first clause, for the headline: `The monitor is blind: two runs …` becomes `the monitor is blind`. */
function firstClause(notice: string): string {
  const [clause = ''] = notice.split(/: |\. /, 1);
  return cut(clause.charAt(0).toLowerCase() + clause.slice(1), LONGEST_NAME);
}

const WORDS: Readonly<Record<Happening, string>> = {
  opened: 'opened',
  reminder: 'still open',
  // The mailbox answers again, but that is no recovery.
  changed: 'found not as declared',
  recovered: 'recovered',
  ended: 'no longer judged',
};

function counted(happening: Happening, counts: Counts): string[] {
  const kinds = [
    plural(counts.breach, 'breach', 'breaches'),
    plural(counts.lockout, 'lockout', 'lockouts'),
    plural(counts.unverified, 'mailbox unverified', 'mailboxes unverified'),
  ].flat();
  return kinds.map((kind) => `${kind} ${WORDS[happening]}`);
}

function plural(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}

function sumOf(counts: Counts): number {
  return counts.breach + counts.lockout + counts.unverified;
}

function adviceFor({ counts: { opened, reminder } }: Alert): string[] {
  const advice: string[] = [];
  if (opened.breach + reminder.breach > 0) {
    advice.push(
      'Act now: the app can read mailboxes that it must not read. Check the policy, the members of its scope group and the roles of the app. The probable cause names the cmdlet.',
    );
  }
  if (opened.lockout + reminder.lockout > 0) {
    advice.push(
      'The app cannot read mailboxes that it must read. Check its permission and the members of the scope group.',
    );
  }
  if (opened.unverified > 0) {
    advice.push(
      'Mailscope could not check some mailboxes. Find out whether they exist, and whether Graph answers about them.',
    );
  }
  return advice;
}

function lineOf(item: AlertItem): string {
  const { happening, kind, since, closedAt, closedBecause, requestId, probableCause } = item;
  const mailbox = cut(item.mailbox, LONGEST_NAME);
  const request = requestId === null ? '' : ` Graph's request id: ${requestId}.`;
  if (happening === 'recovered') {
    return `${mailbox}: ${kind} since ${since}, recovered ${closedAt} (${closedBecause}).${request}`;
  }
  if (happening === 'changed')
    return `${mailbox}: ${kind} since ${since}, found not as declared ${closedAt} (not a recovery).${request}`;
  if (happening === 'ended')
    return `${mailbox}: ${kind} since ${since}, ended ${closedAt} (${closedBecause}, not a recovery).`;
  const still = happening === 'reminder' ? 'still ' : '';
  const cause = probableCause === null ? '' : ` Probable cause: ${probableCause}`;
  return `${mailbox}: ${still}${kind} since ${since}.${request}${cause}`;
}
