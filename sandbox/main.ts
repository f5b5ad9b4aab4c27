// Runs the sandbox tenant as a child process, which tells its parent when it is ready. By hand: `npm run sandbox -- serve`.
import { parseArgs } from 'node:util';
import { startSandbox } from './server.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '7075' } } });

try {
  await startSandbox({ port: Number(values.port), webhookSecret: process.env.ALERT_WEBHOOK_SECRET });
  process.send?.({ type: 'ready' });
} catch (error) {
  // listen rejects only with errors of the system.
  const { message } = error as NodeJS.ErrnoException;
  process.send?.({ type: 'failed', message });
  process.exitCode = 1;
  process.disconnect?.();
}
