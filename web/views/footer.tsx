// When the page last heard from Mailscope, and what it is set to.

import { useTimed } from '../live/useNow.ts';
import type { Zone } from '../state/times.ts';
import { span } from '../state/times.ts';

declare const MAILSCOPE_VERSION: string;

/** Clocks that differ by more make ages wrong. */
const CLOCKS_DIFFER_MS = 120_000;

interface FooterProps {
  answeredAt(): number | null;
  readonly isPaused: boolean;
  readonly zone: Zone;
  /** The server's clock, less this computer's; null when it is not known. */
  readonly serverAheadMs: number | null;
  onPause(paused: boolean): void;
  onZone(zone: Zone): void;
}

export function Footer({ answeredAt, isPaused, zone, serverAheadMs, onPause, onZone }: FooterProps) {
  const refreshed = useTimed((now) => {
    const at = answeredAt();
    return at === null ? 'not yet' : `${span(now - at)} ago`;
  });
  const isOff = serverAheadMs !== null && Math.abs(serverAheadMs) > CLOCKS_DIFFER_MS;
  return (
    <footer>
      <span>Refreshed {refreshed}</span>
      <button id="pause" type="button" aria-pressed={isPaused} onClick={() => onPause(!isPaused)}>
        {isPaused ? 'Go on' : 'Pause'}
      </button>
      <button id="zone" type="button" onClick={() => onZone(zone === 'utc' ? 'local' : 'utc')}>
        {zone === 'utc' ? 'Show local time' : 'Show UTC'}
      </button>
      <span class="quiet">Mailscope {MAILSCOPE_VERSION}</span>
      {isOff && (
        <span class="failure">
          The clocks of this computer and of the server differ by {span(Math.abs(serverAheadMs))}, so ages may be wrong.
        </span>
      )}
    </footer>
  );
}
