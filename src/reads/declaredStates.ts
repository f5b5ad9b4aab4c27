// Lists states as the declaration in force has them. A state under another expectation, or of a mailbox that is no longer
// listed, is not answered: its subject may belong to a mailbox that is denied by now.
//
// 1. If the newest run has completed with the list in force, the table has its expectations: the table does the filtering.
// 2. Otherwise the list leads. Each name is joined with its state, and filtered here.
import type { Services } from '../services.ts';
import { encodeKey, STATE_PREFIX } from '../storage/keys.ts';
import type { MailboxRecord } from '../storage/mailboxStore.ts';
import type { Page } from '../storage/mergePartitions.ts';
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
  if (!isInForce(newest, plan)) return joinWithList(services, plan, { startsWith, matches }, top, after);
  const { items, continuation } = await mailboxes.list({ startsWith, conditions }, top, after);
  return { items: items.map((record) => ({ listed: record, record })), continuation };
}

/** Whether every state in the table has the expectation that is declared now. */
function isInForce(newest: Run | null, plan: Plan): boolean {
  return newest?.status === 'completed' && newest.listHash === plan.hash;
}

async function joinWithList(
  services: Services,
  plan: Plan,
  { startsWith, matches }: Pick<StateFilter, 'startsWith' | 'matches'>,
  top: number,
  after: string,
): Promise<Page<DeclaredState>> {
  const names = namesAfter(plan, startsWith, after);
  const found: DeclaredState[] = [];
  let next = 0;
  // One more than asked for tells whether there is more.
  for (let from: string | null = after; from !== null && found.length <= top; ) {
    const page: Page<MailboxRecord> = await services.storage().mailboxes.list({ startsWith }, PAGE, from);
    const records = new Map(page.items.map((record) => [record.mailbox, record]));
    for (; found.length <= top; next += 1) {
      const listed = names[next];
      if (listed === undefined || (page.continuation !== null && rowOf(listed.mailbox) > page.continuation)) break;
      const record = records.get(listed.mailbox);
      const state = { listed, record: record?.expectation === listed.expectation ? record : null };
      if (matches(state)) found.push(state);
    }
    from = page.continuation;
  }
  const items = found.slice(0, top);
  const last = items.at(-1);
  return { items, continuation: found.length > top && last ? rowOf(last.listed.mailbox) : null };
}

/** The listed mailboxes that begin with a prefix and come after a row, in the order of the rows. */
function namesAfter(plan: Plan, startsWith: string, after: string): ListedMailbox[] {
  const names = plan.shards.flatMap((shard) =>
    [...shard.expectations()]
      .filter(([mailbox]) => mailbox.startsWith(startsWith) && rowOf(mailbox) > after)
      .map(([mailbox, expectation]) => ({ mailbox, expectation })),
  );
  return names.sort((a, b) => (rowOf(a.mailbox) < rowOf(b.mailbox) ? -1 : 1));
}

function rowOf(mailbox: string): string {
  return STATE_PREFIX + encodeKey(mailbox);
}
