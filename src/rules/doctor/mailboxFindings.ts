// What the answers about a few listed mailboxes mean together. Pure.
import type { VerdictOnce } from '../judgeOnce.ts';
import type { Expectation } from '../mailbox.ts';
import { answerText, type Observation, requestIdOf } from '../observation.ts';
import { REASON_TEXTS } from '../reasons.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

/** A mailbox that was asked about between two reads of a control, and what that proves. */
export interface LookedAt
  extends Pick<
    Observation,
    'mailbox' | 'outcome' | 'reason' | 'status' | 'code' | 'messageClass' | 'requestId' | 'batchRequestId'
  > {
  readonly expectation: Expectation;
  readonly verdict: VerdictOnce;
}

/** How many of a list are declared what. */
export type ListCounts = Readonly<Record<Expectation, number>>;

export function judgeList({ allowed, denied }: ListCounts): Finding {
  const says = `${allowed} allowed and ${denied} denied ${allowed + denied === 1 ? 'mailbox is' : 'mailboxes are'} listed.`;
  if (denied > 0) return ok(says);
  const advice = 'List some in DENIED_MAILBOXES: only they show that the app can read no more than it should.';
  return warning(says, advice);
}

export function judgeAllowed(lookedAt: readonly LookedAt[]): Finding {
  const allowed = lookedAt.filter(({ expectation }) => expectation === 'allowed');
  const refused = allowed.filter(({ outcome }) => outcome === 'refused');
  const [readable] = allowed.filter(({ outcome }) => outcome === 'readable');
  if (refused.length > 0) {
    const advice =
      'Is it a member of the policy’s group, or of the RBAC scope (direct members count there, nested groups do not)? Has the app a role for mail? A change may take two hours to be obeyed, a role in a token a day.';
    return problem(`Refused, and must be readable: ${named(refused)}.`, advice);
  }
  if (readable) return ok(`Readable, as declared: ${named([readable])}.`);
  const advice = 'Without an allowed mailbox that answers, no refusal of the others proves anything.';
  return problem(`No allowed mailbox can be read: ${named(allowed)}.`, advice);
}

export function judgeDenied(lookedAt: readonly LookedAt[]): Finding {
  const denied = lookedAt.filter(({ expectation }) => expectation === 'denied');
  const readable = denied.filter(({ outcome }) => outcome === 'readable');
  if (denied.length === 0) return skipped('no mailbox is listed as denied');
  if (readable.length > 0) {
    const advice =
      'The app can read more than it should. Was the policy deleted, did the group gain a member, or was a tenant-wide Mail.* role given? It overrides every RBAC scope.';
    return problem(`Readable, and must be refused: ${named(readable)}.`, advice);
  }
  const [proved] = denied.filter(({ verdict }) => verdict === 'compliant');
  if (proved) return ok(`Refused, as declared: ${named([proved])}.`);
  if (denied.some(({ outcome }) => outcome === 'refused')) {
    return skipped('no allowed mailbox was readable before and after, so that a refusal proves nothing');
  }
  return problem(
    `No denied mailbox proves anything: ${named(denied)}.`,
    'List denied mailboxes that exist and have a licence.',
  );
}

/** @param listed how many are listed in all */
export function judgeNames(lookedAt: readonly LookedAt[], listed: number): Finding[] {
  const because = (...reasons: string[]) =>
    lookedAt.filter(({ reason }) => reason !== null && reasons.includes(reason));
  const unknown = because('not-found');
  const without = because('no-mailbox');
  const silent = because('throttled', 'service', 'network', 'timeout', 'token', 'unexpected');
  const all = `${lookedAt.length} of ${listed} listed ${listed === 1 ? 'mailbox was' : 'mailboxes were'} looked at`;
  const findings: Finding[] = [];
  if (unknown.length > 0) {
    const advice =
      'Use the user principal name or the object id, not an alias or a group’s address; take out whoever has left.';
    findings.push(problem(`Graph knows no such user: ${named(unknown)}. ${all}.`, advice));
  }
  if (without.length > 0) {
    const advice =
      'Without a licence, on-premises, or deleted a short time ago: such a mailbox never proves anything. List another.';
    findings.push(problem(`They have no mailbox that Graph can reach: ${named(without)}. ${all}.`, advice));
  }
  if (silent.length > 0) {
    const advice = 'Look again in some minutes; see the checks of the token and of Graph.';
    findings.push(warning(`No answer that says whether there is such a mailbox: ${named(silent)}. ${all}.`, advice));
  }
  return findings.length > 0 ? findings : [ok(`${all}, and Graph knows ${lookedAt.length === 1 ? 'it' : 'them all'}.`)];
}

const MOST_NAMED = 5;

function named(lookedAt: readonly LookedAt[]): string {
  const more = lookedAt.length > MOST_NAMED ? ` and ${lookedAt.length - MOST_NAMED} more` : '';
  return lookedAt.slice(0, MOST_NAMED).map(withAnswer).join(', ') + more;
}

function withAnswer(seen: LookedAt): string {
  const why = answerText(seen) || REASON_TEXTS[seen.reason ?? 'unexpected'];
  const id = requestIdOf(seen);
  return `${seen.mailbox} (${why}${id === null ? '' : `, request ${id}`})`;
}
