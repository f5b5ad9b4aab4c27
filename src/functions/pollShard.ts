// Queue poll-shards: does one shard of a run
import { app } from '@azure/functions';
import * as z from 'zod';
import { doShard, SHARD_QUEUE } from '../runs/doShard.ts';
import { servicesFor } from '../services.ts';

export const shardMessage = z.object({
  runId: z.string(),
  shard: z.int().min(0),
  listHash: z.string(),
  owner: z.string().optional(),
  returned: z.int().min(0).optional(),
});

app.storageQueue('pollShard', {
  queueName: SHARD_QUEUE,
  connection: 'AzureWebJobsStorage',
  handler: (item, context) => doShard(servicesFor(context), shardMessage.parse(item)),
});
