// Queue poll-shards: does one shard of a run
import { app } from '@azure/functions';
import * as z from 'zod';
import { doShard, SHARD_QUEUE } from '../runs/doShard.ts';
import { takerOf } from '../runs/foreignMessage.ts';
import { scopesFor } from '../services.ts';

export const runMessage = z.object({
  runId: z.string(),
  scope: z.string().optional(),
  owner: z.string().optional(),
  returned: z.int().min(0).optional(),
});
export const shardMessage = runMessage.extend({ shard: z.int().min(0), listHash: z.string() });

app.storageQueue('pollShard', {
  queueName: SHARD_QUEUE,
  connection: 'AzureWebJobsStorage',
  async handler(item, context) {
    const message = shardMessage.parse(item);
    const services = await takerOf(scopesFor(context), SHARD_QUEUE, message);
    if (services) await doShard(services, message);
  },
});
