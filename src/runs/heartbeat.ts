// Calls an outside service after every completed run, so that the service notices when runs stop.
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';

const TIMEOUT_MS = 10_000;

/** Calls HEARTBEAT_URL. A failure is only logged, because the run is already on record. */
export async function heartbeat(services: Services): Promise<void> {
  const { heartbeatUrl } = services.settings();
  if (!heartbeatUrl) return;
  try {
    const { ok, status, body } = await fetch(heartbeatUrl.reveal(), {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // An answer that nobody reads would hold its socket.
    await body?.cancel();
    if (!ok) services.log('warn', 'heartbeat.failed', { status });
  } catch (error) {
    // Only the name: the error's text may hold the address, which is a secret.
    services.log('warn', 'heartbeat.failed', { name: errorData(error).name });
  }
}
