// Judges the attempt to reach a server: Graph, the webhook or the heartbeat. Pure.
import { type Finding, ok, problem, warning } from './finding.ts';

/** How far a connection got: no address for the name, no answer, or no TLS. `code` is the system's error code. */
export type Connection =
  | { readonly reached: true }
  | { readonly reached: false; readonly failedAt: 'name' | 'connection' | 'tls'; readonly code: string };

const FAILED = {
  name: ['has no address', 'Check the spelling of the host, and whether the DNS server of this machine knows it.'],
  connection: [
    'does not answer',
    'Check that the service runs, and that no firewall or private network blocks this machine.',
  ],
  tls: [
    'has no certificate that this machine trusts',
    'Check that it has not expired and names this host. Set NODE_EXTRA_CA_CERTS for your own certificate authority.',
  ],
} as const;

/** @param what the kind of host, such as "The webhook's host" */
export function judgeConnection(what: string, host: string, connection: Connection): Finding {
  if (connection.reached) return ok(`${what} ${host} can be reached.`);
  const [says, advice] = FAILED[connection.failedAt];
  return problem(`${what} ${host} ${says} (${connection.code}).`, advice);
}

/** Graph's answer to a request without a token. */
export interface GraphAnswer {
  /** Null when no answer came. `error` then says why. */
  readonly status: number | null;
  readonly error: string | null;
  /** How far Graph's clock is ahead of this machine's; null when the answer had no date. */
  readonly aheadMs: number | null;
}

/** Graph answers 401 to a request without a token. */
export function judgeGraph(endpoint: string, { status, error }: GraphAnswer): Finding {
  if (status === null) {
    const advice =
      'Check GRAPH_ENDPOINT, and that no firewall blocks the way to it. For the sandbox, run npm start first.';
    return problem(`${endpoint} cannot be reached (${error}).`, advice);
  }
  if (status === 401) return ok(`${endpoint} answers.`);
  const says = `${endpoint} answers ${status}, but Microsoft Graph answers 401 without a token.`;
  if (status === 429 || status >= 500) return problem(says, 'It has an error or is busy. Try again in a few minutes.');
  return problem(says, 'Check GRAPH_ENDPOINT, and whether a proxy answers instead of Graph.');
}

// Token services and Graph accept a difference of five minutes.
const MOST_SKEW_MS = 5 * 60_000;
const NOTED_SKEW_MS = 30_000;

export function judgeClock({ aheadMs }: GraphAnswer): Finding {
  if (aheadMs === null)
    return warning('Graph’s answer had no date.', 'Check whether a proxy answers instead of Graph.');
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) < NOTED_SKEW_MS) return ok(`This machine’s clock is within ${seconds + 1} s of Graph’s.`);
  const says = `This machine’s clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} Graph’s.`;
  const advice = 'Set the clock, and let a time service keep it right.';
  if (Math.abs(aheadMs) < MOST_SKEW_MS) return warning(says, advice);
  return problem(`${says} Tokens and signatures are rejected because of this.`, advice);
}
