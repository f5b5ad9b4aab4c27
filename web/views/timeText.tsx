// A time, or how long ago it was. The other of both, with its zone, is shown on hover and to a screen reader.
import { usePage } from '../live/pageContext.ts';
import { useTimed } from '../live/useNow.ts';
import { ago, clockTime, fullTime } from '../state/times.ts';

interface TimeProps {
  /** ISO 8601; null shows a dash. */
  readonly at: string | null;
}

export function ClockTime({ at }: TimeProps) {
  const { zone, today } = usePage();
  return at === null ? (
    <span class="quiet">–</span>
  ) : (
    <time dateTime={at} title={fullTime(at, zone)}>
      {clockTime(at, zone, today)}
    </time>
  );
}

export function Ago({ at, never = '–' }: TimeProps & { readonly never?: string }) {
  const { zone } = usePage();
  const text = useTimed((now) => (at === null ? never : ago(at, now)));
  return at === null ? (
    <span class="quiet">{text}</span>
  ) : (
    <time dateTime={at} title={fullTime(at, zone)}>
      {text}
    </time>
  );
}
