// Queue poll-shards-poison: gives up a shard that failed too often
import { app } from '@azure/functions';
import { SHARD_QUEUE } from '../runs/doShard.ts';
import { giveUpShard } from '../runs/giveUp.ts';
import { servicesFor } from '../services.ts';
import { shardMessage } from './pollShard.ts';

app.storageQueue('giveUpShard', {
  // The platform moves a message there after its last try, also if each try ended the process.
  queueName: `${SHARD_QUEUE}-poison`,
  connection: 'AzureWebJobsStorage',
  async handler(item, context) {
    const services = servicesFor(context);
    const { data: message } = shardMessage.safeParse(item);
    services.log('error', 'shard.given-up', message ? { runId: message.runId, shard: message.shard } : {});
    if (message) await giveUpShard(services, message);
  },
});
