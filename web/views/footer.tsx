// When the page last heard from Mailscope, and what it is set to.
import { clockErrorMs } from '../live/presentTime.ts';
import { useTimed } from '../live/useNow.ts';
import { span, type Zone } from '../state/times.ts';

declare const MAILSCOPE_VERSION: string;

interface FooterProps {
  answeredAt(): number | null;
  readonly isPaused: boolean;
  readonly zone: Zone;
  onPause(paused: boolean): void;
  onZone(zone: Zone): void;
}

export function Footer({ answeredAt, isPaused, zone, onPause, onZone }: FooterProps) {
  const refreshed = useTimed((now) => {
    const at = answeredAt();
    return at === null ? 'not yet' : `${span(now - at)} ago`;
  });
  const clock = useTimed(clockWords);
  return (
    <footer>
      <span>Refreshed {refreshed}</span>
      <button id="pause" type="button" onClick={() => onPause(!isPaused)}>
        {isPaused ? 'Go on' : 'Pause'}
      </button>
      <button id="zone" type="button" onClick={() => onZone(zone === 'utc' ? 'local' : 'utc')}>
        {zone === 'utc' ? 'Show local time' : 'Show UTC'}
      </button>
      <span class="quiet">Mailscope {MAILSCOPE_VERSION}</span>
      {clock !== '' && <span>{clock}</span>}
    </footer>
  );
}

const MINUTE_MS = 60_000;

function clockWords(): string {
  const error = clockErrorMs();
  if (error === 0) return '';
  const size = span(Math.round(Math.abs(error) / MINUTE_MS) * MINUTE_MS);
  return `The clock of this computer is ${size} ${error > 0 ? 'slow' : 'fast'}. Ages are by the server's.`;
}
