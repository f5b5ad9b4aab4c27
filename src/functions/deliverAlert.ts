// Queue drift-alerts: announces what is due up to a run
import { app } from '@azure/functions';
import * as z from 'zod';
import { deliverAlert } from '../alerts/deliverAlert.ts';
import { ALERT_QUEUE } from '../runs/closeRun.ts';
import { servicesFor } from '../services.ts';

const message = z.object({ runId: z.string(), owner: z.string().optional(), returned: z.int().min(0).optional() });

app.storageQueue('deliverAlert', {
  queueName: ALERT_QUEUE,
  connection: 'AzureWebJobsStorage',
  handler: (item, context) => deliverAlert(servicesFor(context), message.parse(item)),
});
