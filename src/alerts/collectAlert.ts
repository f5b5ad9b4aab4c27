// Reads what an attempt announces: all counts, and the first mailboxes with their evidence.
import {
  type Alert,
  type AlertItem,
  alertIdOf,
  type Happening,
  linksOf,
  MOST_ITEMS,
  noCounts,
  originOf,
  toItem,
  urgency,
} from '../alerts/alert.ts';
import type { Services } from '../services.ts';
import type { AlertSettings } from '../settings/settings.ts';
import { type Attempt, type RunRange, stampOf } from '../storage/cursorStore.ts';
import type { DriftSummary } from '../storage/driftStore.ts';
import { quoted } from '../storage/rows.ts';
import { happeningsOf } from './announcement.ts';
import { runsSince } from './runsSince.ts';

/** The newest notices about runs that one alert tells. */
const MOST_NOTICES = 10;

interface Found {
  readonly happening: Happening;
  readonly drift: DriftSummary;
}

/** The alert of an attempt, or null when nothing is due. The same attempt makes the same alert. */
export async function collectAlert(
  services: Services,
  attempt: Attempt,
  settings: AlertSettings,
): Promise<Alert | null> {
  const { drift: driftStore } = services.storage();
  const counts = noCounts();
  const first: Found[] = [];
  for await (const page of driftStore.pages(conditionOf(attempt))) {
    for (const drift of page) {
      for (const happening of happeningsOf(drift, attempt, settings.reminderHours)) {
        counts[happening][drift.kind] += 1;
        // While the monitor is blind, one notice stands for all unverified mailboxes.
        if (drift.kind !== 'unverified' || !attempt.blind) keepFirst(first, { happening, drift });
      }
    }
  }
  const notices = await noticesOf(services, attempt, counts.opened.unverified);
  const items = await Promise.all(cut(first).map((one) => itemOf(services, one)));
  const total = Object.values(counts)
    .flatMap((kinds) => Object.values(kinds))
    .reduce((sum, count) => sum + count, 0);
  const isSilent = attempt.blind && total === counts.opened.unverified && notices.length === 0;
  if ((total === 0 && notices.length === 0) || isSilent) return null;
  return {
    ...originOf(services),
    id: alertIdOf(services.scope, attempt.id),
    time: attempt.takenAt,
    counts,
    items: items.filter((item) => item !== null),
    notices,
    ...linksOf(services),
    test: false,
  };
}

/** What the attempt has taken, what is open, and for rows without stamps what was opened or closed since. */
function conditionOf(attempt: Attempt): string {
  const { breaches, rest } = attempt;
  const stamp = quoted(stampOf(attempt));
  const after = Math.min(breaches.after, rest?.after ?? breaches.after);
  const taken = `openedAlert eq ${stamp} or closedAlert eq ${stamp}`;
  return `${taken} or open eq true or openedRun gt ${after} or closedRun gt ${after}`;
}

/** Keeps only the most urgent, because there may be a hundred thousand. */
function keepFirst(first: Found[], found: Found): void {
  first.push(found);
  if (first.length > MOST_ITEMS * 2) cut(first);
}

function cut(first: Found[]): Found[] {
  const rank = ({ happening, drift }: Found) => urgency(happening, drift.kind);
  first.sort((a, b) => rank(a) - rank(b) || (a.drift.mailbox < b.drift.mailbox ? -1 : 1));
  first.length = Math.min(first.length, MOST_ITEMS);
  return first;
}

async function itemOf(services: Services, { happening, drift }: Found): Promise<AlertItem | null> {
  const { drift: driftStore, runs } = services.storage();
  const [whole, run] = await Promise.all([driftStore.get(drift.openedRun, drift.mailbox), runs.get(drift.openedRun)]);
  return whole && toItem(happening, whole, run?.value.probableCause ?? null);
}

async function noticesOf(services: Services, attempt: Attempt, unverified: number): Promise<string[]> {
  const { monitor, rolesGained, rolesLost, rest } = attempt;
  const notices: string[] = [];
  if (monitor === 'blind') {
    const also = unverified > 0 ? ` ${unverified} mailboxes are unverified because of this.` : '';
    notices.push(
      `The monitor is blind: two runs in a row could not read an allowed mailbox before and after the others. So refusals prove nothing.${also} Check the allowed mailboxes, the permission and the token.`,
    );
  }
  if (monitor === 'seeing')
    notices.push('The monitor sees again: it could read an allowed mailbox before and after the others.');
  if (rolesGained.length > 0) {
    notices.push(
      `The token gained ${rolesGained.join(', ')}. A tenant-wide role opens every mailbox that no application access policy closes. Get-MgServicePrincipalAppRoleAssignment shows who granted it.`,
    );
  }
  if (rolesLost.length > 0) notices.push(`The token lost ${rolesLost.join(', ')}: three runs in a row did not see it.`);
  if (rest) notices.push(...(await runNotices(services, rest)));
  return notices;
}

async function runNotices(services: Services, range: RunRange): Promise<string[]> {
  const notices: string[] = [];
  for await (const run of runsSince(services, range.after)) {
    if (run.number > range.upTo) continue;
    if (run.status === 'incomplete') notices.push(`The run ${run.id} is incomplete: ${run.problem}`);
    if (run.probableCause?.startsWith('The mechanism changed')) notices.push(run.probableCause);
    if (notices.length < MOST_NOTICES) continue;
    notices.push(`Runs before ${run.id} may have more to tell. GET runs shows them.`);
    break;
  }
  return notices.reverse();
}
