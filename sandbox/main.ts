// Runs the sandbox tenant as a process: `node sandbox/main.ts --port 7075`.
import { parseArgs } from 'node:util';
import { startSandbox } from './server.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '7075' } } });

try {
  const { url } = await startSandbox({
    port: Number(values.port),
    webhookSecret: process.env.ALERT_WEBHOOK_SECRET,
  });
  if (process.send) process.send({ type: 'ready' });
  else console.log(`The sandbox tenant is at ${url}.`);
} catch (error) {
  // listen rejects only with errors of the system.
  const { message } = error as NodeJS.ErrnoException;
  if (!process.send) console.error(message);
  else process.send({ type: 'failed', message });
  process.exitCode = 1;
  process.disconnect?.();
}
