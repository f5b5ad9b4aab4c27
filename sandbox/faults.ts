// Makes faults on demand. It counts requests instead of using chance, so a test knows which request gets a fault.

export interface Limits {
  /** The number of requests without a fault at the start. */
  readonly after?: number | undefined;
  /** The number of hits after which the fault is over. */
  readonly times?: number | undefined;
}

export interface FaultSettings {
  readonly latencyMs?: number | undefined;
  readonly throttle?:
    | (Limits & { readonly share: number; readonly retryAfterSeconds?: number | undefined })
    | undefined;
  readonly error?:
    | (Limits & { readonly share: number; readonly status?: number | undefined; readonly body?: ErrorBody | undefined })
    | undefined;
  readonly drop?: (Limits & { readonly share: number }) | undefined;
  /** For the tokens of one app, or of all. */
  readonly token?: (Limits & { readonly status: number; readonly app?: string | undefined }) | undefined;
  readonly propagationSeconds?: number | undefined;
  readonly mailboxes?: Readonly<Record<string, MailboxFault>> | undefined;
  /** `raw` puts text that is not JSON into the last inner answer. `html` answers with a page instead of the batch. */
  readonly batch?: 'reverse' | 'omit' | 'double' | 'cut' | 'raw' | 'html' | undefined;
}

/** `raw` is text that is not JSON. Inside a batch it makes the whole answer unreadable, as happens at Graph. */
export type ErrorBody = 'json' | 'html' | 'empty' | 'raw';
export type MailboxFault = Limits & {
  readonly status: number;
  readonly code?: string | undefined;
  readonly body?: ErrorBody | undefined;
};

export interface Faults {
  readonly settings: FaultSettings;
  /** Each call counts one request, and says whether the request gets the fault. */
  hitsThrottle(): boolean;
  hitsError(): boolean;
  hitsDrop(): boolean;
  hitsToken(clientId: string | undefined): boolean;
  mailboxFault(mailbox: string): MailboxFault | undefined;
}

export function createFaults(settings: FaultSettings): Faults {
  const { throttle, error, drop, token } = settings;
  const mailboxes = new Map(
    Object.entries(settings.mailboxes ?? {}).map(([mailbox, fault]) => [
      mailbox.toLowerCase(),
      { fault, hits: counter(fault, 1) },
    ]),
  );
  const tokenHits = counter(token, token ? 1 : 0);
  return {
    settings,
    hitsThrottle: counter(throttle, throttle?.share ?? 0),
    hitsError: counter(error, error?.share ?? 0),
    hitsDrop: counter(drop, drop?.share ?? 0),
    hitsToken(clientId) {
      const isMeant = token?.app === undefined || token.app.toLowerCase() === clientId?.toLowerCase();
      return isMeant && tokenHits();
    },
    mailboxFault(mailbox) {
      const one = mailboxes.get(mailbox);
      return one?.hits() ? one.fault : undefined;
    },
  };
}

/** Says for each request whether it gets the fault. A share of 0.2 hits every fifth request after the first `after`. */
export function counter(limits: Limits | undefined, share: number): () => boolean {
  let seen = 0;
  let hits = 0;
  return () => {
    if (share === 0 || hits >= (limits?.times ?? Number.POSITIVE_INFINITY)) return false;
    seen += 1;
    const counted = seen - (limits?.after ?? 0);
    if (counted <= 0) return false;
    // 0.2 is not exact in binary: without the margin 5 × 0.2 may be less than 1.
    const hit = Math.floor(counted * share + 1e-9) > Math.floor((counted - 1) * share + 1e-9);
    if (hit) hits += 1;
    return hit;
  };
}
