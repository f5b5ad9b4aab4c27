// Limits how long a call of the storage account may take, with all its tries. The table library waits for as long as
// storage asks, even an hour, and the other two wait for ever if no answer comes.

/** The call was ended, because it took too long. */
export class CallLimitError extends Error {
  override readonly name = 'CallLimitError';
}

/**
 * A request has 15 seconds, so a call has less: what fails first decides the answer. A shard's writes have no such limit,
 * because its lease ends them.
 */
const CALL_MS = 9_000;

/**
 * Does `work`. If it takes too long, the signal of `controller` fires and this rejects, whatever the library does.
 *
 * @throws CallLimitError, and what `work` throws
 */
export async function limited<T>(
  work: (signal: AbortSignal) => Promise<T>,
  limitMs = CALL_MS,
  controller = new AbortController(),
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new CallLimitError(`it gave no result within ${limitMs / 1000} seconds`);
    reject(error);
    controller.abort(error);
  }, limitMs);
  try {
    return await Promise.race([work(controller.signal), over]);
  } finally {
    clearTimeout(timer);
  }
}
