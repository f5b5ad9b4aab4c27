// Faults on demand, counted and not drawn, so that a test can say which request meets one.

export interface Limits {
  /** Requests let through first. */
  readonly after?: number | undefined;
  /** Hits after which the fault is over. */
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
  readonly token?: (Limits & { readonly status: number }) | undefined;
  readonly propagationSeconds?: number | undefined;
  readonly mailboxes?: Readonly<Record<string, MailboxFault>> | undefined;
  readonly batch?: 'reverse' | 'omit' | 'double' | 'cut' | undefined;
}

export type ErrorBody = 'json' | 'html' | 'empty';
export type MailboxFault = Limits & { readonly status: number; readonly code?: string | undefined };

export interface Faults {
  readonly settings: FaultSettings;
  /** Each call counts one request and says whether it meets the fault. */
  hitsThrottle(): boolean;
  hitsError(): boolean;
  hitsDrop(): boolean;
  hitsToken(): boolean;
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
  return {
    settings,
    hitsThrottle: counter(throttle, throttle?.share ?? 0),
    hitsError: counter(error, error?.share ?? 0),
    hitsDrop: counter(drop, drop?.share ?? 0),
    hitsToken: counter(token, token ? 1 : 0),
    mailboxFault(mailbox) {
      const one = mailboxes.get(mailbox);
      return one?.hits() ? one.fault : undefined;
    },
  };
}

/** Says of each request in turn whether it is hit: 0.2 is every fifth, counted from the first that is not let through. */
export function counter(limits: Limits | undefined, share: number): () => boolean {
  let seen = 0;
  let hits = 0;
  return () => {
    if (share === 0 || hits >= (limits?.times ?? Number.POSITIVE_INFINITY)) return false;
    seen += 1;
    const counted = seen - (limits?.after ?? 0);
    if (counted <= 0) return false;
    // A share such as 0.2 is no exact fraction: without the margin 5 × 0.2 may fall short of 1.
    const hit = Math.floor(counted * share + 1e-9) > Math.floor((counted - 1) * share + 1e-9);
    if (hit) hits += 1;
    return hit;
  };
}
