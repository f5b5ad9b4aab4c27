// Runs of the past, made by the app itself under a clock that is moved: so a page has something to show.
import { poll } from '../../src/runs/poll.ts';
import { createApp, type TestApp } from './world.ts';

export const QUARTER_MS = 15 * 60_000;

export interface PastRuns {
  readonly app: TestApp;
  /** The next scheduled run, a quarter of an hour after the one before. */
  run(): Promise<void>;
  /** The monitor is down for some scheduled runs. */
  miss(ticks: number): void;
}

/** @param ticks how many scheduled times ago the first run is */
export function pastRuns(settings: Record<string, string>, ticks: number): PastRuns {
  const app = createApp({ ...settings, POLL_SCHEDULE: '0 */15 * * * *' });
  const now = Date.now();
  // Just after a scheduled time, as the timer is.
  app.advance(Math.floor(now / QUARTER_MS) * QUARTER_MS - now - ticks * QUARTER_MS + 200);
  return {
    app,
    async run() {
      await poll(app);
      app.advance(QUARTER_MS);
    },
    miss(count) {
      app.advance(count * QUARTER_MS);
    },
  };
}
