// Runs the demo as a person does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/localApp.ts';

async function demo(env: NodeJS.ProcessEnv = {}): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/run.mjs'), 'demo'], { env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

it('the demo sees every step of the story', async () => {
  const { code, output } = await demo();
  expect(output).toContain('Every step was seen');
  expect(code).toBe(0);
});

it('the demo fails when a step is not seen', async () => {
  // No function takes the shards from the queue.
  const { code, output } = await demo({ 'AzureWebJobs.pollShard.Disabled': 'true' });
  expect(output).toMatch(/The demo failed: the run \S+ was not completed within 10 seconds/);
  expect(code).toBe(1);
});
