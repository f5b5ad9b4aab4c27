// Sends a test alert.
import type { Services } from '../services.ts';
import type { AlertSettings } from '../settings/settings.ts';
import { alertIdOf, noCounts, originOf } from './alert.ts';
import { type Delivery, deliver } from './deliver.ts';

/** Never throws for a fault of the receiver. */
export function deliverSample(services: Services, settings: AlertSettings): Promise<Delivery> {
  const now = services.now();
  const id = alertIdOf(services.scope, `test-${now.getTime()}`);
  const nothing = { counts: noCounts(), items: [], notices: [], apiUrl: null, driftUrl: null };
  const alert = { ...originOf(services), id, time: now.toISOString(), ...nothing, test: true };
  return deliver(alert, settings, now);
}
