// Queue drift-alerts: announces what is due up to a run
import { app } from '@azure/functions';
import { deliverAlert } from '../alerts/deliverAlert.ts';
import { ALERT_QUEUE } from '../runs/closeRun.ts';
import { takerOf } from '../runs/foreignMessage.ts';
import { scopesFor } from '../services.ts';
import { runMessage } from './pollShard.ts';

app.storageQueue('deliverAlert', {
  queueName: ALERT_QUEUE,
  connection: 'AzureWebJobsStorage',
  async handler(item, context) {
    const message = runMessage.parse(item);
    const services = await takerOf(scopesFor(context), ALERT_QUEUE, message);
    if (services) await deliverAlert(services, message);
  },
});
