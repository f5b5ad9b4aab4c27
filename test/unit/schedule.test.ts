// NCRONTAB as the Functions host reads it.
import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../src/settings/schedule.ts';

const MONDAY_10 = new Date('2026-11-23T10:00:00Z');

describe('parseSchedule', () => {
  it.each([
    ['0 */15 * * * *', '2026-11-23T10:15:00Z'],
    ['*/5 * * * *', '2026-11-23T10:05:00Z'],
    ['2/5 * * * * *', '2026-11-23T10:00:02Z'],
    ['0 10-40/15 * * * *', '2026-11-23T10:10:00Z'],
    ['0 0 9 * * Mon-Fri', '2026-11-24T09:00:00Z'],
    ['0 30 6 * * sunday', '2026-11-29T06:30:00Z'],
    ['0 0 12 1 June *', '2027-06-01T12:00:00Z'],
    ['0 0 0 29 2 *', '2028-02-29T00:00:00Z'],
    ['0 0 18-9 * * *', '2026-11-23T11:00:00Z'],
    ['  0   0  11 * * *  ', '2026-11-23T11:00:00Z'],
  ])('finds the next tick of %s', (expression, next) => {
    expect(parseSchedule(expression).next(MONDAY_10)).toEqual(new Date(next));
  });

  it('asks for the day of the month AND the day of the week', () => {
    // The next Friday the thirteenth. Cron libraries would take every Friday and every thirteenth.
    expect(parseSchedule('0 0 0 13 * Fri').next(MONDAY_10)).toEqual(new Date('2027-08-13T00:00:00Z'));
  });

  it('returns earlier ticks, newest first, without the instant itself', () => {
    const ticks = parseSchedule('0 */15 * * * *').previous(MONDAY_10, 3);
    expect(ticks.map((tick) => tick.toISOString().slice(11, 16))).toEqual(['09:45', '09:30', '09:15']);
  });

  it.each([
    ['', 'it needs six fields'],
    ['* * * *', 'it needs six fields'],
    ['* * * * * * *', 'it needs six fields'],
    ['60 * * * * *', '"60" does not fit seconds (0 to 59'],
    ['0 0 24 * * *', '"24" does not fit hours (0 to 23'],
    ['0 0 0 0 * *', '"0" does not fit day of the month (1 to 31'],
    ['0 0 0 L * *', '"L" does not fit day of the month'],
    ['0 0 0 15W * *', '"15W" does not fit day of the month'],
    ['0 0 0 ? * *', '"?" does not fit day of the month'],
    ['0 0 0 * * 7', '"7" does not fit day of the week (0 to 6, or names such as mon'],
    ['0 0 0 * * 5#2', '"5#2" does not fit day of the week'],
    ['0 0 0 * Foo *', '"Foo" does not fit month'],
    ['0 1-2-3 * * * *', '"1-2-3" does not fit minutes'],
    ['0 5- * * * *', '"5-" does not fit minutes'],
    ['0 1,,2 * * * *', '"" does not fit minutes'],
    ['0 */x * * * *', '"*/x" does not fit minutes'],
    ['00:15:00', 'it needs six fields'],
    ['0 0 0 31 2 *', 'it never runs'],
  ])('refuses "%s"', (expression, message) => {
    expect(() => parseSchedule(expression)).toThrow(message);
  });
});
