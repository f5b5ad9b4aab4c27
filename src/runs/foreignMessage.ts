// Messages of another app: two apps over one account share the queues, and each takes what comes first.
import type { Services } from '../services.ts';
import type { OwnedMessage, QueueName } from '../storage/queues.ts';

/** Ten minutes of returns, thirty seconds apart. By then its owner is gone, or has another name. */
const MOST_RETURNS = 20;

/**
 * Whether a message belongs to another app. It is then sent again for its owner, or dropped if nobody wanted it for too
 * long. A message without an owner belongs to anybody.
 *
 * @throws MailscopeError `storage-unavailable`; the queue then tries this message again
 */
export async function passOn<M extends OwnedMessage>(
  services: Services,
  queue: QueueName,
  message: M,
): Promise<boolean> {
  const { owner, returned = 0, runId } = message;
  if (owner === undefined || owner === services.settings().owner) return false;
  if (returned >= MOST_RETURNS) {
    services.log('warn', 'message.dropped', { queue, runId, owner, returned });
    return true;
  }
  await services.storage().queues.sendBack(queue, { ...message, returned: returned + 1 });
  services.log('info', 'message.returned', { queue, runId, owner, returned: returned + 1 });
  return true;
}
