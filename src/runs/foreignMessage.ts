// Whose a message is. Apps over one account share the queues, and each takes what comes first. So a message may belong to
// another app, or to a scope that this process does not know, or not any more.
import type { Scopes, Services } from '../services.ts';
import { ownerOf } from '../settings/owner.ts';
import { DEFAULT_SCOPE } from '../settings/scopes.ts';
import type { OwnedMessage, QueueName } from '../storage/queues.ts';

/** Ten minutes of returns, thirty seconds apart. By then whoever knows it has taken it, or is gone. */
const MOST_RETURNS = 20;

/**
 * The services that do what a message asks for; null when it is not for this process. It is then sent again, because an
 * instance with other settings may know its scope, or dropped if nobody wanted it for too long. A message without an owner
 * belongs to anybody.
 *
 * @throws MailscopeError `storage-unavailable`; the queue then tries this message again
 */
export async function takerOf(scopes: Scopes, queue: QueueName, message: OwnedMessage): Promise<Services | null> {
  const { owner, returned = 0, runId, scope = DEFAULT_SCOPE } = message;
  const [first] = scopes.all;
  const services = scopes.find(message.scope);
  const isOurs = owner === undefined || owner === ownerOf(first.environment);
  if (isOurs && services) return services;
  if (returned >= MOST_RETURNS) {
    first.log('warn', 'message.dropped', { scope, queue, runId, owner, returned });
    return null;
  }
  // Any scope will do, and one with bad settings has no storage.
  const sender = scopes.all.find(({ configuration }) => configuration.settings) ?? first;
  await sender.storage().queues.sendBack(queue, { ...message, returned: returned + 1 });
  first.log('info', 'message.returned', { scope, queue, runId, owner, returned: returned + 1 });
  return null;
}
