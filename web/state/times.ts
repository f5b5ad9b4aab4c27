// Times in words. Every clock time says its zone.

export type Zone = 'utc' | 'local';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `08:15:03 UTC` on the day that `now` is, else `26 Nov 08:15 UTC`, and with the year in another year. */
export function clockTime(iso: string, zone: Zone, now: number): string {
  const time = partsIn(zone, Date.parse(iso));
  const today = partsIn(zone, now);
  if (time.date === today.date) return `${time.hours}:${time.minutes}:${time.seconds} ${time.zone}`;
  const year = time.year === today.year ? '' : ` ${time.year}`;
  return `${time.day} ${time.month}${year} ${time.hours}:${time.minutes} ${time.zone}`;
}

/** `2026-11-26 08:15:03 UTC` */
export function fullTime(iso: string, zone: Zone): string {
  const { date, hours, minutes, seconds, zone: name } = partsIn(zone, Date.parse(iso));
  return `${date} ${hours}:${minutes}:${seconds} ${name}`;
}

/** The day of a time, in ms: `2026-11-26`. */
export function dayOf(time: number, zone: Zone): string {
  return partsIn(zone, time).date;
}

interface Parts {
  readonly date: string;
  readonly year: number;
  readonly month: string;
  readonly day: number;
  readonly hours: string;
  readonly minutes: string;
  readonly seconds: string;
  readonly zone: string;
}

function partsIn(zone: Zone, time: number): Parts {
  // Moved by its offset, a local time has the parts of a UTC time.
  const offsetMinutes = zone === 'utc' ? 0 : -new Date(time).getTimezoneOffset();
  const moved = new Date(time + offsetMinutes * MINUTE);
  return {
    date: moved.toISOString().slice(0, 10),
    year: moved.getUTCFullYear(),
    month: MONTHS[moved.getUTCMonth()] ?? '',
    day: moved.getUTCDate(),
    hours: two(moved.getUTCHours()),
    minutes: two(moved.getUTCMinutes()),
    seconds: two(moved.getUTCSeconds()),
    zone: zone === 'utc' ? 'UTC' : offsetName(offsetMinutes),
  };
}

function offsetName(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `just now`, `42 s ago`, `3 min ago`; `in 4 min` for a time to come. */
export function ago(iso: string, now: number): string {
  const past = now - Date.parse(iso);
  if (Math.abs(past) < 2 * SECOND) return 'just now';
  return past > 0 ? `${span(past)} ago` : `in ${span(-past)}`;
}

/** How long: `42 s`, `3 min`, `2 h 5 min`, `3 days`. It never rounds up. */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) {
    const minutes = Math.floor((ms % HOUR) / MINUTE);
    return `${Math.floor(ms / HOUR)} h${minutes > 0 ? ` ${minutes} min` : ''}`;
  }
  return `${Math.floor(ms / DAY)} days`;
}

/** How long something took: `870 ms`, `12.3 s`, `4 min 10 s`. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
}

/** The start of a run, which its id begins with: `20261123T081500Z-42`. Null for any other text. */
export function startOfRun(id: string): string | null {
  const [, year, month, day, hours, minutes, seconds] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-\d+$/.exec(id) ?? [];
  return year === undefined ? null : `${year}-${month}-${day}T${hours}:${minutes}:${seconds}.000Z`;
}

/** A time as a person types it, `2026-11-26 08:15`, in ISO 8601; null when it is none. A zone may follow, else it is `zone`. */
export function readTyped(text: string, zone: Zone): string | null {
  const [, date, time = '00:00', own] =
    /^\s*(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d:\d\d(?::\d\d)?))?\s*(Z|UTC|[+\-−]\d\d:\d\d)?\s*$/.exec(text) ?? [];
  if (date === undefined) return null;
  const suffix = own === undefined ? (zone === 'utc' ? 'Z' : '') : own.replace('UTC', 'Z').replace('−', '-');
  const read = Date.parse(`${date}T${time}${suffix}`);
  return Number.isNaN(read) ? null : new Date(read).toISOString();
}
