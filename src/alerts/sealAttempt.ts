// Takes the drift that an attempt announces: writes the attempt's stamp on it, then seals the attempt.
//
// 1. Drift that no alert has taken is read page by page.
// 2. Before each write the cursor is read: it must still hold this attempt and this pass. The claim is renewed on the way.
// 3. A stamp is written under the ETag of its row. Drift that has changed in between is read again.
// 4. The attempt is sealed: nothing joins it any more, so that what it says stays the same.
//
// No clock decides anything. Drift that a late shard writes into a closed run is due, and the next attempt takes it.
// A process that was suspended here may write a stamp after another pass has sealed the attempt. Such a stamp
// names a pass that did not seal, so the next attempt takes that drift.
import type { Services } from '../services.ts';
import type { Attempt, Cursor } from '../storage/cursorStore.ts';
import { DUE, type StoredSummary } from '../storage/driftStore.ts';
import { quoted } from '../storage/rows.ts';
import type { Stored } from '../storage/runStore.ts';
import { stampsFor } from './announcement.ts';
import { claimEnd, isClaimed } from './claim.ts';

/** The sealed attempt. Null when another pass has taken it over. */
export async function sealAttempt(services: Services, attempt: Attempt): Promise<Attempt | null> {
  const held = await holdCursor(services, attempt);
  if (!held) return null;
  const condition = conditionOf(attempt, held.lastStamp);
  for await (const page of services.storage().drift.pages(condition)) {
    if (!(await stampAll(services, attempt, page))) return null;
  }
  const sealed = { ...attempt, sealed: true };
  return (await holdCursor(services, attempt, sealed)) && sealed;
}

/** False when another pass has taken the attempt over. */
async function stampAll(services: Services, attempt: Attempt, page: readonly StoredSummary[]): Promise<boolean> {
  const { drift: store } = services.storage();
  for (let open = page; open.length > 0; ) {
    const held = await holdCursor(services, attempt);
    if (!held) return false;
    const stamps = open.map((drift) => ({ drift, ...stampsFor(drift, attempt, held.lastStamp) }));
    const wanted = stamps.filter(({ openedAlert, closedAlert }) => openedAlert !== null || closedAlert !== null);
    const changed = await store.stamp(wanted);
    const again = await Promise.all(changed.map(({ openedRun, mailbox }) => store.summary(openedRun, mailbox)));
    open = again.filter((one) => one !== null);
  }
  return true;
}

/**
 * The cursor, as long as it holds this pass of the attempt; null when it does not. The claim is renewed when half of it is over.
 *
 * @param next what the attempt is to be from now on
 */
async function holdCursor(services: Services, attempt: Attempt, next = attempt): Promise<Cursor | null> {
  const { cursor: store } = services.storage();
  for (;;) {
    const stored: Stored<Cursor> | null = await store.get();
    const { attempt: found } = stored?.value ?? {};
    if (!stored || found?.id !== attempt.id || found.pass !== attempt.pass) return null;
    if (next === attempt && isClaimed(stored.value.claimedUntil, services.now(), 0.5)) return stored.value;
    const cursor = { ...stored.value, attempt: next, claimedUntil: claimEnd(services.now()) };
    if (await store.write(cursor, stored.etag)) return cursor;
  }
}

/** What no alert has taken, and what passes that did not seal have left. */
function conditionOf({ id, first }: Attempt, lastStamp: string | null): string {
  const [lastId] = lastStamp?.split('~', 1) ?? [];
  const free = ['openedAlert', 'closedAlert'].flatMap((column) => [
    `${column} eq ${quoted(DUE)}`,
    stampedBy(column, id),
    ...(lastStamp !== null && lastId !== undefined
      ? [`(${stampedBy(column, lastId)} and ${column} ne ${quoted(lastStamp)})`]
      : []),
  ]);
  return [...free, ...(first ? ['open eq true'] : [])].join(' or ');
}

function stampedBy(column: string, id: string): string {
  return `(${column} ge ${quoted(`${id}~`)} and ${column} lt ${quoted(`${id}~~`)})`;
}
