// Reads the state of mailboxes from the table. A state that is too old is marked as stale.
import { MailscopeError } from '../errors.ts';
import type { Outcome, Reason } from '../rules/classify.ts';
import type { Verdict } from '../rules/judge.ts';
import { characterFault, type Expectation, parseMailbox } from '../rules/mailbox.ts';
import type { Services } from '../services.ts';
import type { MailboxRecord } from '../storage/mailboxStore.ts';
import type { Page } from '../storage/mergePartitions.ts';
import type { ListedMailbox } from '../storage/plan.ts';
import { type Conditions, conditionsOf, quoted } from '../storage/rows.ts';
import { type FreshSpan, freshSpan, isFresh } from './freshness.ts';
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

/** States in alphabetical order. A stale `compliant` counts as `unverified`, because a dead monitor proves nothing. */
export async function listMailboxes(
  services: Services,
  question: MailboxQuestion,
  top: number,
  after: string,
): Promise<Page<MailboxView>> {
  const fresh = freshSpan(services);
  const { startsWith, ...wanted } = question;
  const conditions = conditionsOf(wanted, conditionsAsOf(fresh));
  const { items, continuation } = await services.storage().mailboxes.list({ startsWith, conditions }, top, after);
  const open = await withCauses(
    services,
    items.flatMap(({ openDrift }) => openDrift ?? []),
  );
  const byId = new Map(open.map((drift) => [drift.id, drift]));
  const views = items.map((record) => viewOf(record, byId.get(record.openDrift?.id ?? ''), fresh));
  return { items: views, continuation };
}

/** @throws MailscopeError `mailbox-invalid`, `mailbox-not-listed` */
export async function getMailbox(services: Services, name: string): Promise<MailboxView> {
  const { mailbox, expectation } = await listedMailbox(services, name);
  const found = await services.storage().mailboxes.get(mailbox);
  // A state under another expectation says nothing about this one.
  if (found?.record.expectation === expectation) {
    const { openDrift } = found.record;
    const [drift] = await withCauses(services, openDrift ? [openDrift] : []);
    return viewOf(found.record, drift, freshSpan(services));
  }
  return { ...UNSEEN, mailbox, expectation };
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

function viewOf(record: MailboxRecord, openDrift: DriftView | undefined, fresh: FreshSpan): MailboxView {
  const stale = !isFresh(record.lastCheckedAt, fresh);
  const { mailbox, expectation, since, provenAt, declaredAt, lastOutcome, lastReason, lastCheckedAt, recent } = record;
  const { latestSubject, latestReceivedDateTime } = record;
  return {
    mailbox,
    expectation,
    verdict: stale && record.verdict === 'compliant' ? 'unverified' : record.verdict,
    since,
    stale,
    provenAt,
    declaredAt,
    lastOutcome,
    lastReason,
    lastCheckedAt,
    recent,
    ...(latestReceivedDateTime === null ? {} : { latestSubject, latestReceivedDateTime }),
    ...(openDrift ? { openDrift } : {}),
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
