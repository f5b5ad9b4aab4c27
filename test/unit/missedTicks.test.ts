// Holes: missed ticks counted without walking them, and the dots in `recent`, against models that walk every tick.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JudgingRun, judge, type MailboxState } from '../../src/rules/judge.ts';
import { holesBefore, MOST_MISSED, missedSince, missedTicks, withHoles } from '../../src/rules/missedTicks.ts';
import { parseSchedule } from '../../src/settings/schedule.ts';
import { HISTORIES } from '../support/histories.ts';
import { observed } from '../support/rules.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const at = (time: string) => new Date(`2026-11-26T${time}Z`);
const quarters = parseSchedule('0 */15 * * * *').count;

/** The ticks after `after`, up to and with `upTo`, one by one. */
function walked(expression: string, after: Date, upTo: Date): Date[] {
  const schedule = parseSchedule(expression);
  const ticks: Date[] = [];
  for (let tick = schedule.next(after); tick <= upTo; tick = schedule.next(tick)) ticks.push(tick);
  return ticks;
}

describe('ticks are counted', () => {
  const irregular = ['0 */15 * * * *', '*/7 3,59 */5 * * *', '30 0 8-17 * * 1-5', '0 0 0 1 * *', '0 0 12 29 2 *'];

  it.each([...irregular, '5 */20 6,7,23 1-7 * mon'])('as a walk finds them: %s', (expression) => {
    const times = fc.integer({ min: Date.parse('2027-12-25T00:00:00Z'), max: Date.parse('2028-03-05T00:00:00Z') });
    const spans = fc.oneof(fc.integer({ min: -HOUR, max: HOUR }), fc.integer({ min: 0, max: 10 * 24 * HOUR }));
    fc.assert(
      fc.property(times, spans, fc.boolean(), (time, span, onSecond) => {
        const after = new Date(onSecond ? time - (time % SECOND) : time);
        const upTo = new Date(after.getTime() + span);
        expect(parseSchedule(expression).count(after, upTo)).toBe(walked(expression, after, upTo).length);
      }),
      { numRuns: 60 },
    );
  });

  it('at their own moment, and not at the moment after which they are asked for', () => {
    expect(quarters(at('08:00:00'), at('08:15:00'))).toBe(1);
    expect(quarters(at('08:00:00'), at('08:14:59.999'))).toBe(0);
    expect(quarters(at('07:59:59.999'), at('08:00:00'))).toBe(1);
  });

  it('over years of a tick each second', () => {
    const { count } = parseSchedule('* * * * * *');
    expect(count(new Date('2026-01-01T00:00:00Z'), new Date('2027-01-01T00:00:00Z'))).toBe(365 * 86_400);
    expect(count(new Date('1969-01-01T00:00:00Z'), new Date('2026-01-01T00:00:00Z'))).toBe(
      Date.parse('2026-01-01T00:00:00Z') / SECOND,
    );
  });
});

describe('a run has missed', () => {
  const timer = (time: string, skippedTicks = 0) => ({
    startedAt: at(time).toISOString(),
    trigger: 'timer',
    skippedTicks,
  });
  const request = (time: string, skippedTicks = 0) => ({ ...timer(time, skippedTicks), trigger: 'request' });

  it.each([
    ['nothing, when it is the first', null, timer('08:00:00'), 0],
    ['nothing, when its tick is the next one', '08:00:00.300', timer('08:15:00.100'), 0],
    ['nothing, when its timer is late', '08:00:00.300', timer('08:29:00'), 0],
    ['nothing, when its timer is a moment early', '08:00:00.300', timer('08:14:59.200'), 0],
    ['nothing, when the timer before was a moment early', '07:59:59.200', timer('08:15:00'), 0],
    ['what lies between two ticks of timers', '08:00:00.300', timer('09:00:00.100'), 3],
    ['its own tick too, when nobody came at it', '08:00:00.300', request('08:16:00'), 1],
    ['nothing, when it was asked for between two ticks', '08:00:00.300', request('08:07:00'), 0],
    ['nothing, after a run that was asked for', '08:07:00', timer('08:15:00'), 0],
    ['no tick at which the run before was at work', '08:00:00.300', timer('09:00:00', 2), 1],
    ['no less than nothing', '08:00:00.300', timer('08:15:00', 7), 0],
    ['nothing, when the timer fires off its schedule', '08:01:00', timer('08:02:00'), 0],
    ['nothing, when the clock was set back', '11:00:00', timer('09:00:00'), 0],
  ])('%s', (_, before, run, missed) => {
    expect(missedTicks(quarters, before === null ? null : at(before).toISOString(), run)).toBe(missed);
  });

  it('ten thousand at most, after a year', () => {
    const before = '2025-11-26T00:00:00.000Z';
    expect(missedTicks(quarters, before, timer('00:00:00'))).toBe(MOST_MISSED);
    expect(missedTicks(parseSchedule('0 0 * * * *').count, before, timer('00:00:00'))).toBe(365 * 24 - 1);
  });
});

describe('since the newest run', () => {
  const newest = { startedAt: at('08:00:00.300').toISOString() };

  it.each([
    ['before the next tick', '08:14:00', 0, 0],
    ['when the next tick has come, whose run may be about to start', '08:29:00', 0, 0],
    ['when two have come', '08:30:00', 0, 1],
    ['when many have come', '12:00:00', 0, 15],
    ['when it was at work at two of them', '09:00:00', 2, 1],
    ['when it was at work at all of them', '08:31:00', 2, 0],
    ['with a clock set back', '07:00:00', 0, 0],
  ])('%s', (_, now, skipped, missed) => {
    expect(missedSince(quarters, newest, skipped, at(now))).toBe(missed);
  });
});

it('recent never has more than 48 letters', () => {
  expect(withHoles('xo', 3)).toBe('xo...');
  expect(withHoles('x'.repeat(48), 2)).toBe(`${'x'.repeat(46)}..`);
  expect(withHoles('xo', 10_000)).toBe('.'.repeat(48));
});

interface Moment {
  /** What happened at a tick: a run that reached the mailbox, one that did not, or no run. */
  readonly tick: 'reached' | 'not reached' | 'missed';
  /** Ticks that were skipped because this run was at work. */
  readonly skips: number;
  /** Milliseconds from the tick to the start of its run. */
  readonly late: number;
  /** Whether somebody also asked for a run before the next tick. */
  readonly asked: boolean;
}

const moments = fc.array(
  fc.record<Moment>({
    tick: fc.oneof(
      { weight: 4, arbitrary: fc.constant('reached' as const) },
      { weight: 1, arbitrary: fc.constant('not reached' as const) },
      { weight: 3, arbitrary: fc.constant('missed' as const) },
    ),
    skips: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }),
    late: fc.integer({ min: -900, max: 20_000 }),
    asked: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { minLength: 1, maxLength: 70 },
);

/** Ticks that are 1 to 32 minutes apart. */
const UNEVEN = '0 3,7,8,31 * * * *';

describe('random histories of a monitor that often fails', () => {
  it('show a letter for each run that reached the mailbox, and a dot for each hole', () => {
    fc.assert(fc.property(moments, checkMoments), { numRuns: HISTORIES / 100 });
  });
});

function checkMoments(history: readonly Moment[]): void {
  const schedule = parseSchedule(UNEVEN);
  let newest: (JudgingRun & { readonly skippedTicks: number }) | null = null;
  let reached: MailboxState | null = null;
  let skipped = 0;
  // The model: one letter for each thing that happened since the mailbox was first reached, as it happens.
  let model = '';
  let tick = at('00:00:00');

  const start = (startedAt: Date, trigger: string, reaches: boolean) => {
    const begun = { startedAt: startedAt.toISOString(), trigger, skippedTicks: skipped };
    const missed = missedTicks(schedule.count, newest?.startedAt ?? null, begun);
    newest = { ...begun, number: (newest?.number ?? 0) + 1, missedTotal: (newest?.missedTotal ?? 0) + missed };
    skipped = 0;
    const rules = { propagationMinutes: 0, lockoutAfterRuns: 2, unverifiedAfterRuns: 3 };
    if (reaches) reached = judge(reached, observed('x', newest), { expectation: 'denied', run: newest, rules });
    model += reaches ? 'x' : model === '' ? '' : '.';
  };

  for (const { tick: what, skips, late, asked } of history) {
    tick = schedule.next(tick);
    if (what === 'missed') {
      if (newest !== null && model !== '') model += '.';
      continue;
    }
    start(new Date(tick.getTime() + late), 'timer', what === 'reached');
    for (let skip = 0; skip < skips; skip += 1) {
      tick = schedule.next(tick);
      skipped += 1;
    }
    // Asked for in the half minute before the next tick.
    if (asked) start(new Date(schedule.next(tick).getTime() - 30_000), 'request', true);
  }
  const state = reached as MailboxState | null;
  const last = newest as JudgingRun | null;
  if (state === null || last === null) return;
  // Half a minute after the last tick: it counts as not missed yet, if no run was there.
  const missed = missedSince(schedule.count, last, skipped, new Date(tick.getTime() + 30_000));
  const holes = state.lastRun === last.number ? 0 : holesBefore(last, state) + 1;
  const waiting = history.at(-1)?.tick === 'missed' ? 1 : 0;
  const shown = withHoles(state.recent, holes + missed);
  const expected = model.slice(0, model.length - waiting);
  if (!expected.endsWith(shown) || shown.length !== Math.min(48, expected.length))
    throw new Error(`${JSON.stringify(shown)} is not the end of ${JSON.stringify(expected)}`);
}
