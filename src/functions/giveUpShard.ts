// Queue poll-shards-poison: gives up a shard that failed too often
import { app } from '@azure/functions';
import { takerOf } from '../runs/foreignMessage.ts';
import { GIVEN_UP_QUEUE, giveUpShard } from '../runs/giveUp.ts';
import { scopesFor } from '../services.ts';
import { shardMessage } from './pollShard.ts';

app.storageQueue('giveUpShard', {
  queueName: GIVEN_UP_QUEUE,
  connection: 'AzureWebJobsStorage',
  async handler(item, context) {
    const scopes = scopesFor(context);
    const { data: message } = shardMessage.safeParse(item);
    if (!message) return scopes.all[0].log('error', 'shard.given-up');
    const services = await takerOf(scopes, GIVEN_UP_QUEUE, message);
    if (!services) return;
    services.log('error', 'shard.given-up', { runId: message.runId, shard: message.shard });
    await giveUpShard(services, message);
  },
});
