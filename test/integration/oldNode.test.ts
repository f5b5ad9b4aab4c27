// The bundle on a Node that is too old for it. The version is pretended: another Node would have to be installed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { ROOT } from '../support/localApp.ts';

const OLD = '20.20.2';
const SENTENCE = `Mailscope needs Node 22.18 or newer, and this is Node ${OLD}.`;
const PRETENCE = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${OLD}' } });`;

async function onOldNode(args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(PRETENCE)}`, ...args]);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

it.each([[[]], [['ask', '--help']], [['doctor']]])(
  'the command line says one sentence and does nothing: %j',
  async (args) => {
    const ended = await onOldNode([join(ROOT, 'dist/cli.js'), ...args]);
    expect(ended).toEqual({ code: 2, stdout: '', stderr: `${SENTENCE}\n` });
  },
);

it('the app is not loaded, and its host has the sentence to log', async () => {
  const load = `import('${pathToFileURL(join(ROOT, 'dist/index.js'))}').catch((error) => console.log(error.stack))`;
  const { stdout, stderr } = await onOldNode(['--eval', load]);
  expect({ stdout, stderr }).toEqual({ stdout: `${SENTENCE}\n`, stderr: '' });
});
