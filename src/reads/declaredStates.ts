// Lists states as the declaration in force has them. A state under another expectation, or of a mailbox that is no longer
// listed, is not answered: its subject may belong to a mailbox that is denied by now.
//
// 1. Without a filter, the list says whose states are on a page. A short page reads each of them by its key.
// 2. If the table has the expectations of the list in force, the table does the filtering.
// 3. Otherwise the list leads. Each name is joined with its state, and filtered here: it reads the whole table.
import type { Services } from '../services.ts';
import { encodeKey, STATE_PREFIX } from '../storage/keys.ts';
import type { MailboxRecord } from '../storage/mailboxStore.ts';
import { checkAfter, type Page } from '../storage/mergePartitions.ts';
import type { ListedMailbox, Plan } from '../storage/plan.ts';
import type { Run } from '../storage/runStore.ts';

/** A listed mailbox, and its state; null when no run has seen it under its present expectation. */
export interface DeclaredState {
  readonly listed: ListedMailbox;
  readonly record: MailboxRecord | null;
}

export interface StateFilter {
  readonly startsWith: string;
  /** The same filter twice: for the table, and for a state in memory. */
  readonly conditions: readonly string[];
  readonly matches: (state: DeclaredState) => boolean;
}

/** States of the table that are read at once. */
const PAGE = 1_000;
/** The longest page that is read key by key. A longer one takes fewer requests as ranges. */
const SHORT_PAGE = 250;

/** The number of newest runs to search for a completed one. */
const RUNS_LOOKED_AT = 20;

/** In alphabetical order. `newest` is the newest run, read before. */
export async function listDeclaredStates(
  services: Services,
  newest: Run | null,
  { startsWith, conditions, matches }: StateFilter,
  top: number,
  after: string,
): Promise<Page<DeclaredState>> {
  const plan = await services.list();
  const { mailboxes } = services.storage();
  if (conditions.length === 0 && top <= SHORT_PAGE) return shortPage(services, plan, startsWith, top, after);
  if (!(await isInForce(services, newest, plan)))
    return joinWithList(services, plan, { startsWith, matches }, top, after);
  const { items, continuation } = await mailboxes.list({ startsWith, conditions }, top, after);
  return { items: items.map((record) => ({ listed: record, record })), continuation };
}

/**
 * Whether every state in the table has the expectation that is declared now. A completed run has given each listed mailbox
 * this expectation, and removed the others. So it is true if one has done so with this list, and no run with another list
 * has begun since. A run with the same list, under way or incomplete, writes the same expectations. A list that changed
 * and changed back is in force again when a run with it has completed: the run in between may have written others.
 */
async function isInForce(services: Services, newest: Run | null, plan: Plan): Promise<boolean> {
  if (newest?.listHash !== plan.hash) return false;
  if (newest.status === 'completed') return true;
  const { items } = await services.storage().runs.list(RUNS_LOOKED_AT, '');
  const lastCompleted = items.findIndex(({ status }) => status === 'completed');
  return lastCompleted !== -1 && items.slice(0, lastCompleted + 1).every(({ listHash }) => listHash === plan.hash);
}

/** A page of all mailboxes. It takes as long however many there are. */
async function shortPage(
  services: Services,
  plan: Plan,
  startsWith: string,
  top: number,
  after: string,
): Promise<Page<DeclaredState>> {
  checkAfter(rowOf(startsWith), after);
  // One more than asked for tells whether there is more.
  const names = plan.namesAfter(startsWith, after, top + 1);
  const shown = names.slice(0, top);
  const records = await services.storage().mailboxes.getAll(shown.map(({ mailbox }) => mailbox));
  const items = shown.map((listed, index) => ({ listed, record: ofDeclaration(listed, records[index] ?? null) }));
  const last = shown.at(-1);
  return { items, continuation: names.length > top && last ? rowOf(last.mailbox) : null };
}

/** A state under another expectation says nothing about this one. */
export function ofDeclaration({ expectation }: ListedMailbox, record: MailboxRecord | null): MailboxRecord | null {
  return record?.expectation === expectation ? record : null;
}

async function joinWithList(
  services: Services,
  plan: Plan,
  { startsWith, matches }: Pick<StateFilter, 'startsWith' | 'matches'>,
  top: number,
  after: string,
): Promise<Page<DeclaredState>> {
  const names = plan.namesAfter(startsWith, after);
  const found: DeclaredState[] = [];
  let next = 0;
  // One more than asked for tells whether there is more.
  for (let from: string | null = after; from !== null && found.length <= top; ) {
    const page: Page<MailboxRecord> = await services.storage().mailboxes.list({ startsWith }, PAGE, from);
    const records = new Map(page.items.map((record) => [record.mailbox, record]));
    for (; found.length <= top; next += 1) {
      const listed = names[next];
      if (listed === undefined || (page.continuation !== null && rowOf(listed.mailbox) > page.continuation)) break;
      const state = { listed, record: ofDeclaration(listed, records.get(listed.mailbox) ?? null) };
      if (matches(state)) found.push(state);
    }
    from = page.continuation;
  }
  const items = found.slice(0, top);
  const last = items.at(-1);
  return { items, continuation: found.length > top && last ? rowOf(last.listed.mailbox) : null };
}

function rowOf(mailbox: string): string {
  return STATE_PREFIX + encodeKey(mailbox);
}
