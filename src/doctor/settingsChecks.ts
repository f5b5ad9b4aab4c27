// Checks of the settings, the list of mailboxes and the schedule.

import { ok, problem, skipped } from '../rules/doctor/finding.ts';
import { judgeList } from '../rules/doctor/mailboxFindings.ts';
import { judgeSchedule } from '../rules/doctor/scheduleFindings.ts';
import { judgeStorage } from '../rules/doctor/storageFindings.ts';
import { ALIVE_MS } from '../runs/runState.ts';
import { parseSchedule } from '../settings/schedule.ts';
import type { Check } from './doctorCheck.ts';

/** Reports all faults at once, also those of MAILBOXES_FILE. Only a problem here makes the result `bad-settings`. */
export const settingsCheck: Check = {
  name: 'settings',
  needs: [],
  async look(facts) {
    const list = await facts.list();
    const texts = [...facts.faults.map(({ message }) => message), ...('faults' in list ? list.faults : [])];
    if (texts.length === 0) return [ok('Every setting is valid.')];
    return texts.map((text) => problem(text, 'README.md describes each setting.'));
  },
};

export const listCheck: Check = {
  name: 'list',
  needs: ['mailboxes'],
  async look(facts) {
    const list = await facts.list();
    if ('faults' in list) return [skipped('MAILBOXES_FILE is wrong')];
    if ('storage' in list) return [judgeStorage('blob', facts.services.settings().storage.kind, list.storage)];
    return [judgeList(list.counts)];
  },
};

const DAYS_AHEAD_MS = 8 * 24 * 3_600_000;
const MOST_TICKS = 2_000;
const FEWEST_TICKS = 3;

export const scheduleCheck: Check = {
  name: 'schedule',
  needs: ['schedule'],
  async look({ services }) {
    const { pollSchedule: expression } = services.settings();
    const ticks = ticksAfter(expression, services.now());
    return [judgeSchedule({ expression, ticks, longestRunMs: ALIVE_MS })];
  },
};

/** The ticks of a week and a day, so that a weekend is included. At least three, and not more than the limit. */
function ticksAfter(expression: string, now: Date): Date[] {
  const schedule = parseSchedule(expression);
  const ticks = [schedule.next(now)];
  for (let last = ticks[0] ?? now; ticks.length < MOST_TICKS; ) {
    last = schedule.next(last);
    if (ticks.length >= FEWEST_TICKS && last.getTime() - now.getTime() > DAYS_AHEAD_MS) break;
    ticks.push(last);
  }
  return ticks;
}
