// The deployed package: reproducible, small, and complete. Every function runs from a folder that holds nothing else.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RegisteredFunction } from '../../localHost/functionsCore.ts';
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { ROOT, type Switches, settingsFor, startTenant, WEBHOOK_SECRET } from '../support/localApp.ts';
import { until } from '../support/until.ts';

const MOST_BYTES = 2 * 1024 * 1024;
const SUPPORT = 'support@contoso.example';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailscope-package-'));
  pack('--out', at('first.zip'));
  pack('--out', at('second.zip'));
  await unpack(at('first.zip'), at('app'));
});

afterAll(() => rm(folder, { recursive: true }));

function pack(...args: string[]): string {
  return execFileSync(process.execPath, [join(ROOT, 'scripts/package.ts'), ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

/** With the system's own tool: a zip file that only we can read is no use. */
async function unpack(file: string, into: string): Promise<void> {
  if (process.platform !== 'win32') {
    execFileSync('unzip', ['-q', file, '-d', into], { stdio: 'pipe' });
    return;
  }
  execFileSync('powershell', ['-NoProfile', '-Command', `Expand-Archive -Path '${file}' -DestinationPath '${into}'`]);
}

async function filesIn(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return names.map((name) => name.slice(root.length + 1).replaceAll(sep, '/')).sort();
}

describe('the package', () => {
  it('has the same bytes when it is built twice, and is small', async () => {
    const [first, second] = await Promise.all([readFile(at('first.zip')), readFile(at('second.zip'))]);
    expect(first.equals(second)).toBe(true);
    expect((await stat(at('first.zip'))).size).toBeLessThan(MOST_BYTES);
  });

  it('holds the bundle, host.json and package.json alone, without source maps', async () => {
    const files = await filesIn(at('app'));
    const built = (await filesIn(join(ROOT, 'dist'))).map((name) => `dist/${name}`);
    expect(files).toEqual([...built, 'host.json', 'package.json'].sort());
    expect(files.filter((name) => name.endsWith('.map'))).toEqual([]);
    expect(await readFile(at('app/host.json'))).toEqual(await readFile(join(ROOT, 'host.json')));
  });

  it('has a package.json with nothing to install and nothing to build', async () => {
    const { name, version, type, main, engines } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const manifest = JSON.parse(await readFile(at('app/package.json'), 'utf8'));
    expect(manifest).toEqual({ name, version, type, main, engines });
  });

  it('that was cut cannot be unpacked, so a platform does not take a part of it', async () => {
    const whole = await readFile(at('first.zip'));
    for (const share of [0.1, 0.5, 0.999]) {
      await writeFile(at('cut.zip'), whole.subarray(0, Math.floor(whole.length * share)));
      await expect(unpack(at('cut.zip'), at('cut'))).rejects.toThrow();
    }
  });

  it('can be written into a folder, but never into one that holds something else', async () => {
    pack('--folder', at('loose'));
    pack('--folder', at('loose'));
    expect(await filesIn(at('loose'))).toEqual(await filesIn(at('app')));
    await writeFile(at('loose/notes.txt'), 'mine');
    expect(() => pack('--folder', at('loose'))).toThrow(/notes\.txt, which is no part of a package/);
  });
});

describe('the app in the package', () => {
  let tenant: Switches;
  let emulator: Emulator;
  let host: LocalHost;
  const logs: string[] = [];

  beforeAll(async () => {
    [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
    host = await startLocalHost({
      root: at('app'),
      port: 0,
      withKeys: true,
      log: (line) => logs.push(line),
      env: {
        ...settingsFor(tenant.sandbox.url),
        ALLOWED_MAILBOXES: `${SUPPORT} hr@contoso.example`,
        SHARD_SIZE: '2',
        PROPAGATION_MINUTES: '0',
        // No tick of the timer comes by itself.
        POLL_SCHEDULE: '0 0 0 1 1 *',
        ALERT_WEBHOOK_URL: `${tenant.sandbox.url}/sandbox/webhook`,
        ALERT_WEBHOOK_SECRET: WEBHOOK_SECRET,
        AzureWebJobsStorage: emulator.nextAccount(),
        AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.2',
      },
    });
  });

  afterAll(async () => {
    await host.close();
    await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
  });

  const headers = () => ({ 'x-functions-key': host.keys?.master ?? '' });

  async function get(path: string) {
    const response = await fetch(`${host.url}/api/${path}`, { headers: headers() });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** Lets a timer or queue function run, as an administrator can on the platform. */
  async function invoke(name: string, input = ''): Promise<void> {
    const response = await fetch(`${host.url}/admin/functions/${name}`, {
      method: 'POST',
      headers: { ...headers(), 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    });
    expect(response.status).toBe(202);
  }

  async function newestRun(trigger: string): Promise<string> {
    return until(async () => {
      const { body } = await get('runs?top=1');
      expect(body.value[0]).toMatchObject({ trigger, status: 'completed' });
      return body.value[0].id;
    });
  }

  const triggerOf = ({ bindings }: RegisteredFunction) =>
    Object.values(bindings).find(({ type }) => type.endsWith('Trigger'));

  it('runs by the timer, with its shards through the queue', async () => {
    await invoke('pollMailboxes');
    await newestRun('timer');
    expect(logs.filter((line) => line.startsWith('[pollShard]')).join()).toContain('run.completed');
  });

  it('announces a breach through the other queue', async () => {
    await tenant.put('policy', { mechanism: 'none' });
    await invoke('pollMailboxes');
    await until(async () => {
      const alerts = await (await fetch(`${tenant.sandbox.url}/sandbox/alerts`)).text();
      expect(alerts).toContain('1 breach opened');
      // The line is written when the receiver has answered.
      expect(logs.filter((line) => line.startsWith('[deliverAlert]')).join()).toContain('alert.accepted');
    });
  });

  it('answers at every route', async () => {
    const id = await newestRun('timer');
    // Without a file the page answers its shell.
    const values: Readonly<Record<string, string>> = { mailbox: SUPPORT, id, file: '' };
    const answers: Record<string, number> = {};
    for (const { name, bindings } of host.functions) {
      const { type, route = '', methods = [] } = triggerOf({ name, bindings }) ?? {};
      if (type !== 'httpTrigger' || !methods.includes('GET')) continue;
      const path = route.replace(/\{(\w+)[^}]*\}/g, (_, parameter: string) => values[parameter] ?? 'unknown');
      answers[`${name} ${route}`] = (await get(path)).status;
    }
    expect(Object.entries(answers).filter(([, status]) => status !== 200)).toEqual([]);
    const { version } = JSON.parse(await readFile(join(at('app'), 'package.json'), 'utf8'));
    expect((await get('openapi.json')).body.info.version).toBe(version);
    const started = await fetch(`${host.url}/api/runs`, { method: 'POST', headers: headers() });
    expect(started.status).toBe(202);
    await newestRun('request');
  });

  it('gives up a shard whose message lies in the poison queue', async () => {
    await invoke('giveUpShard', JSON.stringify({ runId: '20261123T080000Z-9999', shard: 0, listHash: '' }));
    await until(() => expect(logs.join('\n')).toMatch(/"event":"shard.given-up".*"runId":"20261123T080000Z-9999"/));
  });

  it('has no function that these tests leave out', () => {
    const others = host.functions.filter((one) => triggerOf(one)?.type !== 'httpTrigger').map(({ name }) => name);
    expect(others.sort()).toEqual(['deliverAlert', 'giveUpShard', 'pollMailboxes', 'pollShard']);
  });
});
