// What an attempt to reach a server means: Graph, the webhook, the heartbeat. Pure.
import { type Finding, ok, problem, warning } from './finding.ts';

/** How far a connection came: its name was not found, nothing answered there, or TLS failed. `code` is the system's. */
export type Connection =
  | { readonly reached: true }
  | { readonly reached: false; readonly failedAt: 'name' | 'connection' | 'tls'; readonly code: string };

const FAILED = {
  name: ['has no address', 'Is the host spelled right? Does the name server of this machine know it?'],
  connection: ['does not answer', 'Does the service run? Does a firewall or a private network stand between?'],
  tls: [
    'has no certificate that this machine trusts',
    'Is it expired, or for another name? NODE_EXTRA_CA_CERTS names a certificate authority of your own.',
  ],
} as const;

/** @param what whose server it is, such as "The webhook's host" */
export function judgeConnection(what: string, host: string, connection: Connection): Finding {
  if (connection.reached) return ok(`${what} ${host} can be reached.`);
  const [says, advice] = FAILED[connection.failedAt];
  return problem(`${what} ${host} ${says} (${connection.code}).`, advice);
}

/** What Graph answered when it was asked without a token. */
export interface GraphAnswer {
  /** Null when no answer came; then `error` says why. */
  readonly status: number | null;
  readonly error: string | null;
  /** How far Graph's clock is ahead of this machine's; null when the answer had no date. */
  readonly aheadMs: number | null;
}

/** Graph refuses whoever has no token with a 401. */
export function judgeGraph(endpoint: string, { status, error }: GraphAnswer): Finding {
  if (status === null) {
    const advice = 'Is GRAPH_ENDPOINT right (in the sandbox: does npm start run)? Is there a way out to it?';
    return problem(`${endpoint} cannot be reached (${error}).`, advice);
  }
  if (status === 401) return ok(`${endpoint} answers.`);
  const says = `${endpoint} answers ${status} where Microsoft Graph answers 401.`;
  if (status === 429 || status >= 500) return problem(says, 'It is in trouble, or busy: look again in some minutes.');
  return problem(says, 'Is GRAPH_ENDPOINT right? Does a proxy answer in its place?');
}

// Token services and Graph bear with five minutes.
const MOST_SKEW_MS = 5 * 60_000;
const NOTED_SKEW_MS = 30_000;

export function judgeClock({ aheadMs }: GraphAnswer): Finding {
  if (aheadMs === null) return warning('Graph’s answer had no date.', 'Does a proxy answer in its place?');
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) < NOTED_SKEW_MS) return ok(`This machine’s clock is within ${seconds + 1} s of Graph’s.`);
  const says = `This machine’s clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} Graph’s.`;
  const advice = 'Set the clock, and let it be kept by a time service.';
  if (Math.abs(aheadMs) < MOST_SKEW_MS) return warning(says, advice);
  return problem(`${says} Tokens and signatures are rejected for that.`, advice);
}
