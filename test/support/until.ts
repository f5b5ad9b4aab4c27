// Waits for a condition, as long as the suite's patience lasts.
import { vi } from 'vitest';
import { PATIENCE_MS } from './patience.ts';

/** Settles with what `condition` answers, as soon as it neither throws nor rejects. */
export function until<T>(condition: () => T | Promise<T>, intervalMs = 50): Promise<T> {
  return vi.waitFor(condition, { timeout: PATIENCE_MS, interval: intervalMs });
}
