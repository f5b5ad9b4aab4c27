// Reports whether a scope is watched as it should be, in words that are safe for anybody.
import type { Health, HealthCode } from '../api/answerSchemas.ts';
import { MailscopeError } from '../errors.ts';
import { errorData } from '../log.ts';
import { answerText, type ControlFault } from '../rules/observation.ts';
import { reasonText } from '../rules/reasons.ts';
import { isOverdue } from '../runs/overdue.ts';
import { otherOwner } from '../runs/tablesOwner.ts';
import type { Services } from '../services.ts';
import { parseSchedule } from '../settings/schedule.ts';
import type { SettingFault } from '../settings/settings.ts';
import type { Current, Run } from '../storage/runStore.ts';
import { freshSpan } from './freshness.ts';

/** One thing that is wrong. It never holds the value of a setting or the name of a mailbox. */
export type HealthProblem = Health['problems'][number];

export function faultProblem({ setting, kind }: SettingFault): HealthProblem {
  return { code: 'configuration-invalid', setting, fault: kind };
}

const TOKEN_DEADLINE_MS = 10_000;
/** The number of newest runs to search for a completed one. */
const RUNS_LOOKED_AT = 20;
const IN_USE = 'Another app uses the same tables, so this one starts no run. Its log names the other.';

export interface HealthAndDue {
  readonly health: Health;
  /** Whether a run should have begun by itself, and nothing is known that speaks against starting it. */
  readonly overdue: boolean;
}

export async function health(services: Services): Promise<Health> {
  return (await lookAtHealth(services)).health;
}

/** Checks the settings. If they are good, it also checks the list, the identity, storage and the last runs. */
export async function lookAtHealth(services: Services): Promise<HealthAndDue> {
  const faults = services.configuration.faults.map(faultProblem);
  if (!services.configuration.settings) return { health: report(faults, null, null), overdue: false };
  const [list, token, kept] = await Promise.all([checkList(services), checkToken(services), checkStorage(services)]);
  const { alerts, pollSchedule } = services.settings();
  const next = parseSchedule(pollSchedule).next(services.now()).toISOString();
  const answer = report([...faults, ...list, ...token, ...kept.problems], kept.last, next);
  const paused = alerts?.pauseUntil !== undefined && alerts.pauseUntil > services.now();
  const health = paused ? { ...answer, alertsPausedUntil: alerts.pauseUntil.toISOString() } : answer;
  return { health, overdue: kept.overdue && list.length === 0 };
}

function report(problems: readonly HealthProblem[], last: Run | null, nextRunExpectedBy: string | null): Health {
  const status = problems.length === 0 ? 'healthy' : 'unhealthy';
  return { status, lastCompletedRun: last?.id ?? null, nextRunExpectedBy, problems };
}

function problem(code: HealthCode, detail: string): HealthProblem[] {
  return [{ code, detail }];
}

/** Checks MAILBOXES_FILE. Its faults name lines and mailboxes, so health only says that the setting is wrong. */
async function checkList(services: Services): Promise<HealthProblem[]> {
  try {
    await services.list();
    return [];
  } catch (error) {
    if (!(error instanceof MailscopeError)) throw error;
    if (error.code !== 'configuration-invalid') return [];
    const { listSetting: setting } = services.settings();
    return [{ code: 'configuration-invalid', setting, fault: 'malformed' }];
  }
}

async function checkToken(services: Services): Promise<HealthProblem[]> {
  try {
    await services.graph().token(TOKEN_DEADLINE_MS);
    return [];
  } catch (error) {
    services.log('warn', 'health.token-unavailable', { error: errorData(error) });
    return problem('identity-unavailable', 'The app gets no token for Microsoft Graph. Its log has the reason.');
  }
}

interface Kept {
  readonly last: Run | null;
  readonly overdue: boolean;
  readonly problems: HealthProblem[];
}

/** Reads the newest run and the last completed one, and whether alerts arrive. */
async function checkStorage(services: Services): Promise<Kept> {
  try {
    const { runs, cursor } = services.storage();
    const [{ items }, alerts, current] = await Promise.all([
      runs.list(RUNS_LOOKED_AT, ''),
      cursor.get(),
      runs.current(),
    ]);
    const last = items.find(({ status }) => status === 'completed') ?? null;
    const error = services.settings().alerts && alerts?.value.lastError;
    const undelivered = error ? problem('alert-undelivered', error) : [];
    const blind = last?.result?.controlHeld === false ? await judgeBlind(services, last) : [];
    const newest = current?.value ?? null;
    const inUse = otherOwner(services, newest) === null ? [] : problem('tables-in-use', IN_USE);
    const problems = [...inUse, ...judgeRuns(services, last, newest), ...blind, ...undelivered];
    return { last, overdue: inUse.length === 0 && isOverdue(services, newest), problems };
  } catch (error) {
    if (!(error instanceof MailscopeError) || error.code !== 'storage-unavailable') throw error;
    services.log('warn', 'health.storage-unavailable', { error: errorData(error) });
    return {
      last: null,
      overdue: false,
      problems: problem(
        'storage-unavailable',
        'The storage account cannot be used. The log of the app has the reason.',
      ),
    };
  }
}

function judgeRuns(services: Services, last: Run | null, newest: Current | null): HealthProblem[] {
  const found = judgeRun(services, last);
  const isSaid = found.some(({ code }) => code === 'run-overdue' || code === 'no-run-yet');
  if (isSaid || !isOverdue(services, newest)) return found;
  return [...problem('run-overdue', 'No run began at the last two scheduled times.'), ...found];
}

function judgeRun(services: Services, run: Run | null): HealthProblem[] {
  if (run === null) return problem('no-run-yet', 'No run has completed yet.');
  const fresh = freshSpan(services);
  return [
    ...(run.startedAt < fresh.from
      ? problem('run-overdue', `The last completed run began at ${run.startedAt}, at least three intervals ago.`)
      : []),
    ...(run.startedAt > fresh.to
      ? problem(
          'run-overdue',
          `The last completed run began at ${run.startedAt}, which is in the future: a clock is wrong.`,
        )
      : []),
  ];
}

/** Says why a control did not hold, if one of its reads showed it. It names no mailbox. */
async function judgeBlind(services: Services, run: Run): Promise<HealthProblem[]> {
  const shards = await services.storage().shards.all(run.id);
  // Rows of an earlier version have no fault.
  const [fault] = shards.flatMap(({ control }) => control?.fault ?? []);
  const why = fault
    ? ` An allowed mailbox was not readable: ${[answerText(fault), faultText(fault)].filter(Boolean).join(', ')}.`
    : '';
  return problem(
    'control-not-held',
    `In the last completed run a control did not hold, so its refusals prove nothing.${why}`,
  );
}

function faultText(fault: ControlFault): string {
  return fault.reason === null ? 'Graph refused it' : reasonText(fault);
}
