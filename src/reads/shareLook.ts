// One look serves all callers for a short time, because anybody may call, and each look asks storage and the identity.
const SERVES_MS = 2_000;

/** A look that callers share while it is under way, and for two seconds after. A failure is not kept for the next caller. */
export function shareLook<Of, Seen>(look: (of: Of) => Promise<Seen>): (of: Of) => Promise<Seen> {
  let shared: Promise<Seen> | undefined;
  let endedAt: number | undefined;

  return (of) => {
    const isOver = endedAt !== undefined && performance.now() - endedAt >= SERVES_MS;
    if (shared !== undefined && !isOver) return shared;
    endedAt = undefined;
    const looking = look(of).finally(() => {
      endedAt = performance.now();
    });
    looking.catch(() => {
      shared = undefined;
    });
    shared = looking;
    return looking;
  };
}
