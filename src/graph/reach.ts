// Asks Graph without a token, to see whether it answers and what time it has.
import type { GraphAnswer } from '../rules/doctor/networkFindings.ts';

const TIMEOUT_MS = 10_000;

/** Never throws for a fault of Graph or the network. */
export async function reachGraph(endpoint: string, now: () => Date): Promise<GraphAnswer> {
  try {
    const askedAt = now().getTime();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${endpoint}/v1.0/users`, { redirect: 'manual', signal });
    const halfWay = (askedAt + now().getTime()) / 2;
    await response.body?.cancel();
    // The header has whole seconds, so on average half a second is missing.
    const there = Date.parse(response.headers.get('date') ?? '') + 500;
    return { status: response.status, error: null, aheadMs: Number.isNaN(there) ? null : there - halfWay };
  } catch (error) {
    // fetch rejects only with TypeErrors (the network; the cause has the code) and with the signal's reason.
    if (error instanceof DOMException) return { status: null, error: 'no answer in time', aheadMs: null };
    if (!(error instanceof TypeError)) throw error;
    const { code = 'network' } = (error.cause ?? {}) as { readonly code?: string };
    return { status: null, error: code, aheadMs: null };
  }
}
