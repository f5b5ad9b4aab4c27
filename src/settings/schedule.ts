// Reads NCRONTAB, the schedule language of Azure Functions timers, in UTC.
import { Cron } from 'croner';
import { countTicks } from '../rules/countTicks.ts';

/** A schedule and its ticks. */
export interface Schedule {
  /** The six fields as plain lists of numbers. */
  readonly expression: string;
  /** The first tick after `instant`. */
  next(instant: Date): Date;
  /** The last `count` ticks before `instant`, newest first. */
  previous(instant: Date, count: number): Date[];
  /** The number of ticks after `after`, up to and with `upTo`. */
  count(after: Date, upTo: Date): number;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

const FIELDS: readonly Field[] = [
  { name: 'seconds', min: 0, max: 59 },
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of the week', min: 0, max: 6, names: DAYS },
];

/**
 * Reads `{second} {minute} {hour} {day} {month} {day-of-week}`. With five fields, the second is 0.
 *
 * The grammar is that of the NCrontab library, which the Functions host uses. It has lists, ranges, steps and
 * names by any prefix. A range that begins with the larger value is turned round. `5/15` runs from 5 to the end
 * of the field. A day must fit both day fields. `L`, `W`, `#` and `?` do not exist. Croner reads all these points
 * differently, so it gets plain lists and only finds the dates.
 *
 * @throws Error that names the bad field; also when no date ever fits
 */
export function parseSchedule(expression: string): Schedule {
  const texts = expression.trim().split(/ +/);
  if (texts.length === 5) texts.unshift('0');
  if (texts.length !== 6) {
    throw new Error('it needs six fields (second, minute, hour, day of the month, month, day of the week)');
  }
  const lists = FIELDS.map((field, index) => fieldValues(field, texts[index] ?? ''));
  const resolved = lists.map((values) => values.join(',')).join(' ');
  const cron = new Cron(resolved, { timezone: 'UTC', domAndDow: true, mode: '6-part' });
  if (cron.nextRun(new Date(0)) === null) throw new Error('it never runs, because no month has such a day');
  const [seconds = [], minutes = [], hours = [], days = [], months = [], weekdays = []] = lists;
  const fields = { seconds, minutes, hours, days, months, weekdays };
  return {
    expression: resolved,
    next: (instant) => definite(cron.nextRun(instant)),
    previous: (instant, count) => cron.previousRuns(count, instant),
    count: (after, upTo) => countTicks(fields, after, upTo),
  };
}

function fieldValues(field: Field, text: string): number[] {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    for (const value of partValues(field, part)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function partValues(field: Field, part: string): number[] {
  const [, range = '', stepText] = /^([^/]+)(?:\/(\d{1,4}))?$/.exec(part) ?? refuse(field, part);
  const step = Math.max(1, Number(stepText ?? 1));
  const [a, b, ...rest] = range === '*' ? [`${field.min}`, `${field.max}`] : range.split('-');
  if (rest.length > 0) refuse(field, part);
  const first = fieldValue(field, a ?? '', part);
  const last = b !== undefined ? fieldValue(field, b, part) : stepText ? field.max : first;
  const [from, to] = first <= last ? [first, last] : [last, first];
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function fieldValue(field: Field, text: string, part: string): number {
  const named = text === '' ? -1 : (field.names ?? []).findIndex((name) => name.startsWith(text.toLowerCase()));
  if (named >= 0) return named + field.min;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.min && value <= field.max ? value : refuse(field, part);
}

function refuse(field: Field, part: string): never {
  const names = field.names ? `, or names such as ${field.names[1]?.slice(0, 3)}` : '';
  throw new Error(`"${part}" does not fit ${field.name} (${field.min} to ${field.max}${names}, lists, ranges, steps)`);
}

function definite(date: Date | null): Date {
  if (date === null) throw new Error('the schedule never ticks again');
  return date;
}
