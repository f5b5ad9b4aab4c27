// Queue poll-shards-poison: gives up a shard that failed too often
import { app } from '@azure/functions';
import { passOn } from '../runs/foreignMessage.ts';
import { GIVEN_UP_QUEUE, giveUpShard } from '../runs/giveUp.ts';
import { servicesFor } from '../services.ts';
import { shardMessage } from './pollShard.ts';

app.storageQueue('giveUpShard', {
  queueName: GIVEN_UP_QUEUE,
  connection: 'AzureWebJobsStorage',
  async handler(item, context) {
    const services = servicesFor(context);
    const { data: message } = shardMessage.safeParse(item);
    if (message && (await passOn(services, GIVEN_UP_QUEUE, message))) return;
    services.log('error', 'shard.given-up', message ? { runId: message.runId, shard: message.shard } : {});
    if (message) await giveUpShard(services, message);
  },
});
