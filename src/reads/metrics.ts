// Measures scopes for a monitoring system: from their last completed runs, and from where alerts stand.
import type { GaugeName, Sample } from '../api/gauges.ts';
import { MailscopeError } from '../errors.ts';
import { latestBelievable } from '../rules/clock.ts';
import { DRIFT_KINDS, VERDICTS } from '../rules/judge.ts';
import { EXPECTATIONS } from '../rules/mailbox.ts';
import type { Services } from '../services.ts';
import type { Cursor } from '../storage/cursorStore.ts';
import { type LastCounts, lastCounts } from './lastCounts.ts';

/**
 * The samples of some scopes. What is not known has no sample: a 0 would look like good news. A scope whose settings or
 * list have faults has none at all: what its last run has counted may be about mailboxes that are declared otherwise now.
 *
 * @throws MailscopeError `storage-unavailable`
 */
export async function readMetrics(scopes: readonly Services[]): Promise<Sample[]> {
  const samples = scopes.map(async (services) => ((await isConfigured(services)) ? measure(services) : []));
  return (await Promise.all(samples)).flat();
}

async function isConfigured(services: Services): Promise<boolean> {
  try {
    await services.list();
  } catch (error) {
    if (!(error instanceof MailscopeError)) throw error;
    // A blob that cannot be read now says nothing about the list.
    return error.code !== 'configuration-invalid';
  }
  return true;
}

async function measure(services: Services): Promise<Sample[]> {
  const [counts, cursor] = await Promise.all([lastCounts(services), services.storage().cursor.get()]);
  const { scope } = services;
  const isUndelivered = services.settings().alerts === undefined ? null : lastAlertFailed(cursor?.value ?? null);
  const samples = counts === null ? [] : ofRun(counts, services.now());
  return [...samples, ...known('alertUndelivered', isUndelivered)].map((sample) => ({
    ...sample,
    labels: { scope, ...sample.labels },
  }));
}

/** 1 or 0. Null before the first attempt to announce something has ended. */
function lastAlertFailed(cursor: Cursor | null): number | null {
  if (cursor === null || (cursor.lastError === null && cursor.lastAcceptedAt === null)) return null;
  return Number(cursor.lastError !== null);
}

function ofRun({ run, result, verdictsByExpectation: by, openDrift }: LastCounts, now: Date): Sample[] {
  const finishedAt = run.finishedAt === null ? null : secondsOf(run.finishedAt);
  return [
    ...EXPECTATIONS.flatMap((expectation) =>
      VERDICTS.flatMap((verdict) => known('mailboxes', by?.[expectation][verdict], { expectation, verdict })),
    ),
    ...DRIFT_KINDS.flatMap((kind) => known('openDrift', openDrift[kind], { kind })),
    ...known('proofAge', ageSeconds(result.oldestProof, now)),
    ...known('lastRun', secondsOf(run.startedAt)),
    ...known('runDuration', finishedAt && finishedAt - secondsOf(run.startedAt)),
    ...known('runThrottled', result.throttled),
    ...known('missedTicks', run.missedTicks),
    ...known('controlHeld', Number(result.controlHeld)),
  ];
}

function known(gauge: GaugeName, value: number | null | undefined, labels: Sample['labels'] = {}): Sample[] {
  return value === null || value === undefined ? [] : [{ gauge, labels, value }];
}

/** Null for a time in the future: it proves nothing. */
function ageSeconds(time: string | null, now: Date): number | null {
  if (time === null || time > latestBelievable(now)) return null;
  return Math.max(0, now.getTime() - Date.parse(time)) / 1_000;
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1_000;
}
