// Counts the times of a schedule without walking them: a year may have millions. Pure.

/** The values of each field, in ascending order. Month 1 is January, weekday 0 is Sunday. A day must fit all day fields. */
export interface TickFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
}

const DAY_SECONDS = 86_400;

/** The scheduled times after `after`, up to and with `upTo`, in UTC; 0 when `upTo` is earlier. */
export function countTicks(fields: TickFields, after: Date, upTo: Date): number {
  const [from, to] = [secondsOf(after), secondsOf(upTo)];
  if (from >= to) return 0;
  const [firstDay, lastDay] = [Math.floor(from / DAY_SECONDS), Math.floor(to / DAY_SECONDS)];
  const aDay = fields.seconds.length * fields.minutes.length * fields.hours.length;
  let ticks = 0;
  for (let day = firstDay; day <= lastDay; day += 1) {
    if (!isScheduled(fields, day)) continue;
    const last = day === lastDay ? ticksUpTo(fields, to % DAY_SECONDS) : aDay;
    const first = day === firstDay ? ticksUpTo(fields, from % DAY_SECONDS) : 0;
    ticks += last - first;
  }
  return ticks;
}

/** Whole seconds since 1970, because a scheduled time has no fraction. Earlier times count as 1970. */
function secondsOf(time: Date): number {
  return Math.max(0, Math.floor(time.getTime() / 1_000));
}

/** @param day the number of days since 1970 */
function isScheduled({ days, months, weekdays }: TickFields, day: number): boolean {
  const date = new Date(day * DAY_SECONDS * 1_000);
  const [month, monthDay, weekday] = [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCDay()];
  return months.includes(month) && days.includes(monthDay) && weekdays.includes(weekday);
}

/** The scheduled times of one day up to and with this second of it. */
function ticksUpTo({ seconds, minutes, hours }: TickFields, secondOfDay: number): number {
  const hour = Math.floor(secondOfDay / 3_600);
  const minute = Math.floor((secondOfDay % 3_600) / 60);
  const second = secondOfDay % 60;
  const inMinute = minutes.includes(minute) ? below(seconds, second + 1) : 0;
  const inHour = hours.includes(hour) ? below(minutes, minute) * seconds.length + inMinute : 0;
  return below(hours, hour) * minutes.length * seconds.length + inHour;
}

function below(values: readonly number[], limit: number): number {
  return values.filter((value) => value < limit).length;
}
