// A dead-man's switch elsewhere: it is told of every completed run, and misses one that never comes.
import { errorData } from '../log.ts';
import type { Services } from '../services.ts';

const TIMEOUT_MS = 10_000;

/** Calls HEARTBEAT_URL. A failure is a log line: the run is on record all the same. */
export async function heartbeat(services: Services): Promise<void> {
  const { heartbeatUrl } = services.settings();
  if (!heartbeatUrl) return;
  try {
    const { ok, status } = await fetch(heartbeatUrl.reveal(), {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!ok) services.log('warn', 'heartbeat.failed', { status });
  } catch (error) {
    // The error's text may hold the address, which is a secret.
    services.log('warn', 'heartbeat.failed', { name: errorData(error).name });
  }
}
