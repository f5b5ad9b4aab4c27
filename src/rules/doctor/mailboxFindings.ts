// Judges the answers about a few listed mailboxes together. Pure.
import type { VerdictOnce } from '../judgeOnce.ts';
import type { Expectation } from '../mailbox.ts';
import { answerText, type Observation, requestIdOf } from '../observation.ts';
import { isWrongTenant, reasonText } from '../reasons.ts';
import type { Resource } from '../resources.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

/** A mailbox that was asked about between two reads of a control, and its verdict. */
export interface LookedAt
  extends Pick<
    Observation,
    'mailbox' | 'outcome' | 'reason' | 'status' | 'code' | 'messageClass' | 'requestId' | 'batchRequestId'
  > {
  readonly expectation: Expectation;
  readonly verdict: VerdictOnce;
}

/** The number of listed mailboxes for each expectation. */
export type ListCounts = Readonly<Record<Expectation, number>>;

export function judgeList({ allowed, denied }: ListCounts): Finding {
  const says = `${allowed} allowed and ${denied} denied ${allowed + denied === 1 ? 'mailbox is' : 'mailboxes are'} listed.`;
  if (denied > 0) return ok(says);
  const advice = 'List mailboxes in DENIED_MAILBOXES too. Only they show whether the app can read more than it should.';
  return warning(says, advice);
}

export function judgeAllowed(lookedAt: readonly LookedAt[], { data }: Pick<Resource, 'data'>): Finding {
  const allowed = lookedAt.filter(({ expectation }) => expectation === 'allowed');
  const refused = allowed.filter(({ outcome }) => outcome === 'refused');
  const [readable] = allowed.filter(({ outcome }) => outcome === 'readable');
  if (refused.length > 0) {
    const advice = `Check that it is a member of the policy’s group or of the RBAC scope (RBAC ignores nested groups), and that the app has a role for ${data}. A change can take two hours, and a role in a token a day.`;
    return problem(`Refused, but must be readable: ${named(refused)}.`, advice);
  }
  if (readable) return ok(`Readable, as declared: ${named([readable])}.`);
  if (allowed.some(isWrongTenant)) return wrongTenant('No allowed mailbox can be read', allowed.filter(isWrongTenant));
  const advice =
    'Until one of them answers, a refusal of the others proves nothing. See the checks token, graph and names.';
  return problem(`No allowed mailbox can be read: ${named(allowed)}.`, advice);
}

export function judgeDenied(lookedAt: readonly LookedAt[], { roles }: Pick<Resource, 'roles'>): Finding {
  const denied = lookedAt.filter(({ expectation }) => expectation === 'denied');
  const readable = denied.filter(({ outcome }) => outcome === 'readable');
  if (denied.length === 0) return skipped('no mailbox is listed as denied');
  if (readable.length > 0) {
    const advice = `The app can read more than it should. Check whether the policy was deleted, the group has a new member, or the app got a tenant-wide ${roles} role. Such a role overrides every RBAC scope.`;
    return problem(`Readable, but must be refused: ${named(readable)}.`, advice);
  }
  const [proved] = denied.filter(({ verdict }) => verdict === 'compliant');
  if (proved) return ok(`Refused, as declared: ${named([proved])}.`);
  if (denied.some(({ outcome }) => outcome === 'refused')) {
    return skipped('no allowed mailbox was readable before and after, so a refusal proves nothing');
  }
  if (denied.some(isWrongTenant)) return wrongTenant('No denied mailbox proves anything', denied.filter(isWrongTenant));
  return problem(
    `No denied mailbox proves anything: ${named(denied)}.`,
    'List denied mailboxes that exist and have a licence.',
  );
}

/** @param listed the number of all listed mailboxes */
export function judgeNames(lookedAt: readonly LookedAt[], listed: number): Finding[] {
  const because = (...reasons: string[]) =>
    lookedAt.filter(({ reason }) => reason !== null && reasons.includes(reason));
  const elsewhere = lookedAt.filter(isWrongTenant);
  const unknown = because('not-found');
  const without = because('no-mailbox');
  const silent = because('throttled', 'service', 'network', 'timeout', 'token', 'unexpected').filter(
    (seen) => !isWrongTenant(seen),
  );
  const all = `${lookedAt.length} of ${listed} listed ${listed === 1 ? 'mailbox was' : 'mailboxes were'} checked`;
  const findings: Finding[] = [];
  if (elsewhere.length > 0) findings.push(wrongTenant('No mailbox is known', elsewhere));
  if (unknown.length > 0) {
    const advice =
      'Use the user principal name or the object id, not an alias or a group’s address. Remove people who have left.';
    findings.push(problem(`Graph does not know: ${named(unknown)}. ${all}.`, advice));
  }
  if (without.length > 0) {
    const advice =
      'A mailbox that has no licence, is on-premises or was just deleted never proves anything. List another one.';
    findings.push(problem(`No mailbox that Graph can reach: ${named(without)}. ${all}.`, advice));
  }
  if (silent.length > 0) {
    const advice = 'Try again in a few minutes, and see the checks token and graph.';
    findings.push(warning(`No clear answer whether it exists: ${named(silent)}. ${all}.`, advice));
  }
  return findings.length > 0 ? findings : [ok(`${all}, and Graph knows ${lookedAt.length === 1 ? 'it' : 'them all'}.`)];
}

function wrongTenant(what: string, lookedAt: readonly LookedAt[]): Finding {
  const [first] = lookedAt;
  const why = first === undefined ? '' : `, because ${reasonText(first)}`;
  const advice =
    'Compare the tenant that the check token shows with the tenant of the mailboxes. Its people need licences with Exchange Online.';
  return problem(`${what}${why}: ${named(lookedAt)}.`, advice);
}

const MOST_NAMED = 5;

function named(lookedAt: readonly LookedAt[]): string {
  const more = lookedAt.length > MOST_NAMED ? ` and ${lookedAt.length - MOST_NAMED} more` : '';
  return lookedAt.slice(0, MOST_NAMED).map(withAnswer).join(', ') + more;
}

function withAnswer(seen: LookedAt): string {
  const why = answerText(seen) || reasonText(seen);
  const id = requestIdOf(seen);
  return `${seen.mailbox} (${why}${id === null ? '' : `, request ${id}`})`;
}
