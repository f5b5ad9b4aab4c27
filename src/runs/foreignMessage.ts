// Messages that are not for whoever took them: of another app over the same account, or of a scope that is no longer
// listed.
import type { Scopes, Services } from '../services.ts';
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

/**
 * The services of the scope that a message names; null when it is not listed any more. Then the message is dropped, unless
 * another app knows the scope.
 *
 * @throws MailscopeError `storage-unavailable`; the queue then tries this message again
 */
export async function takerOf(scopes: Scopes, queue: QueueName, message: OwnedMessage): Promise<Services | null> {
  const { runId, scope } = message;
  const found = scopes.find(scope);
  if (found) return found;
  const [first] = scopes.all;
  if (!(await passOn(first, queue, message))) first.log('warn', 'message.dropped', { queue, runId, of: scope ?? null });
  return null;
}
