// Sends a test alert.
import type { AlertSettings } from '../settings/settings.ts';
import { noCounts } from './alert.ts';
import { type Delivery, deliver } from './deliver.ts';

/** Never throws for a fault of the receiver. */
export function deliverSample(settings: AlertSettings, now: Date): Promise<Delivery> {
  const nothing = { counts: noCounts(), items: [], notices: [], apiUrl: null };
  return deliver({ id: `test-${now.getTime()}`, time: now.toISOString(), ...nothing, test: true }, settings, now);
}
