// Reads the state of mailboxes from the table. A state that is too old is marked as stale.
import { MailscopeError } from '../errors.ts';
import type { Outcome, Reason } from '../rules/classify.ts';
import type { Verdict } from '../rules/judge.ts';
import { characterFault, type Expectation, parseMailbox } from '../rules/mailbox.ts';
import { withHoles } from '../rules/missedTicks.ts';
import type { Services } from '../services.ts';
import type { Page } from '../storage/mergePartitions.ts';
import type { ListedMailbox } from '../storage/plan.ts';
import { type Conditions, conditionsOf, quoted } from '../storage/rows.ts';
import { type DeclaredState, listDeclaredStates } from './declaredStates.ts';
import { type FreshSpan, freshSpan, isFresh } from './freshness.ts';
import { holeCounter, type Newest, readNewest } from './holes.ts';
import { type DriftView, withCauses } from './withCauses.ts';

/** A mailbox in the API's answer. Times are ISO 8601 UTC. */
export interface MailboxView {
  readonly mailbox: string;
  readonly expectation: Expectation;
  readonly verdict: Verdict;
  readonly since: string | null;
  /** No run has seen it for three intervals. */
  readonly stale: boolean;
  readonly provenAt: string | null;
  readonly declaredAt: string | null;
  readonly lastOutcome: Outcome | null;
  readonly lastReason: Reason | null;
  readonly lastCheckedAt: string | null;
  /** As in a state, with the holes up to now. */
  readonly recent: string;
  readonly latestSubject?: string | null;
  readonly latestReceivedDateTime?: string | null;
  readonly openDrift?: DriftView;
}

export interface MailboxQuestion extends MailboxConditions {
  readonly startsWith: string;
}

interface MailboxConditions {
  readonly verdict?: Verdict | undefined;
  readonly expectation?: Expectation | undefined;
}

/** In alphabetical order. A stale `compliant` counts as `unverified`, because a dead monitor proves nothing. */
export async function listMailboxes(
  services: Services,
  { startsWith, ...wanted }: MailboxQuestion,
  top: number,
  after: string,
): Promise<Page<MailboxView>> {
  const newest = await readNewest(services);
  const view = viewer(services, newest);
  const filter = {
    startsWith,
    conditions: conditionsOf(wanted, conditionsAsOf(freshSpan(services))),
    matches(state: DeclaredState) {
      const { verdict, expectation } = view(state);
      return (wanted.verdict ?? verdict) === verdict && (wanted.expectation ?? expectation) === expectation;
    },
  };
  const { items, continuation } = await listDeclaredStates(services, newest.run, filter, top, after);
  const open = await withCauses(
    services,
    items.flatMap(({ record }) => record?.openDrift ?? []),
  );
  const byId = new Map(open.map((drift) => [drift.id, drift]));
  return { items: items.map((state) => view(state, byId.get(state.record?.openDrift?.id ?? ''))), continuation };
}

/** @throws MailscopeError `mailbox-invalid`, `mailbox-not-listed` */
export async function getMailbox(services: Services, name: string): Promise<MailboxView> {
  const listed = await listedMailbox(services, name);
  const newest = await readNewest(services);
  const found = await services.storage().mailboxes.get(listed.mailbox);
  // A state under another expectation says nothing about this one.
  const record = found?.record.expectation === listed.expectation ? found.record : null;
  const [drift] = await withCauses(services, record?.openDrift ? [record.openDrift] : []);
  return viewer(services, newest)({ listed, record }, drift);
}

/**
 * The mailbox that `name` means.
 *
 * @throws MailscopeError `mailbox-invalid`, `mailbox-not-listed`
 */
export async function listedMailbox(services: Services, name: string): Promise<ListedMailbox> {
  const list = await services.list();
  const mailbox = mailboxOf(name);
  const expectation = list.expectationOf(mailbox);
  if (expectation !== undefined) return { mailbox, expectation };
  throw new MailscopeError(
    'mailbox-not-listed',
    `${mailbox} is not listed in ALLOWED_MAILBOXES, DENIED_MAILBOXES or MAILBOXES_FILE.`,
  );
}

/** @throws MailscopeError `mailbox-invalid` */
export function mailboxOf(name: string): string {
  const mailbox = parseMailbox(name);
  if (mailbox !== null) return mailbox;
  throw new MailscopeError(
    'mailbox-invalid',
    `This is not a mailbox. ${characterFault(name) ?? 'Use a user principal name or a directory object id'}.`,
  );
}

/** A listed mailbox that no run has seen yet. */
const UNSEEN: Omit<MailboxView, 'mailbox' | 'expectation'> = {
  verdict: 'pending',
  since: null,
  stale: false,
  provenAt: null,
  declaredAt: null,
  lastOutcome: null,
  lastReason: null,
  lastCheckedAt: null,
  recent: '',
};

type Viewer = (state: DeclaredState, openDrift?: DriftView) => MailboxView;

/** Shows states as of now. */
function viewer(services: Services, newest: Newest): Viewer {
  const holesOf = holeCounter(services, newest);
  const fresh = freshSpan(services);
  const { storeSubjects } = services.settings();
  return ({ listed: { mailbox, expectation }, record }, openDrift) => {
    if (record === null) return { ...UNSEEN, mailbox, expectation };
    const { latestSubject, latestReceivedDateTime, lastCheckedAt } = record;
    const stale = !isFresh(lastCheckedAt, fresh);
    return {
      mailbox,
      expectation,
      verdict: stale && record.verdict === 'compliant' ? 'unverified' : record.verdict,
      since: record.since,
      stale,
      provenAt: record.provenAt,
      declaredAt: record.declaredAt,
      lastOutcome: record.lastOutcome,
      lastReason: record.lastReason,
      lastCheckedAt,
      recent: withHoles(record.recent, holesOf(record)),
      // A subject that is not to be kept any more is erased by the next run, and not shown until then.
      ...(latestReceivedDateTime === null || !storeSubjects ? {} : { latestSubject, latestReceivedDateTime }),
      ...(openDrift ? { openDrift } : {}),
    };
  };
}

/** A stale `compliant` counts as `unverified`. */
function conditionsAsOf({ from, to }: FreshSpan): Conditions<MailboxConditions> {
  const [first, last] = [quoted(from), quoted(to)];
  return {
    verdict(verdict) {
      const is = `verdict eq ${quoted(verdict)}`;
      if (verdict === 'compliant') return `${is} and lastCheckedAt ge ${first} and lastCheckedAt le ${last}`;
      const isStale = `(lastCheckedAt lt ${first} or lastCheckedAt gt ${last})`;
      return verdict === 'unverified' ? `${is} or (verdict eq 'compliant' and ${isStale})` : is;
    },
    expectation: (expectation) => `expectation eq ${quoted(expectation)}`,
  };
}
