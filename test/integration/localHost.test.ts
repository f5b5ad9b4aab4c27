// The local host with small apps: triggers, keys, and bad handlers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHost, startLocalHost } from '../../localHost/host.ts';
import { readHostJson } from '../../localHost/hostJson.ts';
import { startQueueTrigger } from '../../localHost/queueTrigger.ts';
import { type Emulator, startEmulator } from '../support/emulator.ts';
import { ROOT } from '../support/localApp.ts';
import { until } from '../support/until.ts';

let folder: string;
const logs: string[] = [];

beforeAll(async () => {
  // Inside the project, so that the app finds @azure/functions as any app does.
  folder = await mkdtemp(join(ROOT, 'node_modules/.local-host-'));
  await writeFile(join(folder, 'host.json'), '{ "version": "2.0", "functionTimeout": "00:01:00" }');
});

afterAll(() => rm(folder, { recursive: true }));

interface StartOptions {
  readonly withKeys?: boolean;
  readonly deafMs?: number;
  readonly instances?: number;
  readonly env?: NodeJS.ProcessEnv;
}

async function start(source: string, options: StartOptions = {}): Promise<LocalHost> {
  const entry = join(folder, `app-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(entry, `import { app } from '@azure/functions';\n${source}`);
  const { withKeys = false, deafMs = 15_000, instances = 1, env = process.env } = options;
  return startLocalHost({
    root: folder,
    entry,
    port: 0,
    env,
    withKeys,
    deafMs,
    instances,
    log: (line) => logs.push(line),
  });
}

/** A call of the administrator that runs a function. */
function runNow(host: LocalHost, name: string, body = '{}'): Promise<number> {
  return status(host, `/admin/functions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
}

async function status(host: LocalHost, path: string, init?: RequestInit): Promise<number> {
  return (await fetch(host.url + path, init)).status;
}

describe('HTTP triggers', () => {
  it('get routes, parameters, queries and bodies as on the platform', async () => {
    const host = await start(`
      app.http('echo', { route: 'things/{kind:alpha}/{id?}', methods: ['GET', 'POST'], handler: async (request) => ({
        status: 201, headers: { 'x-a': 'b' },
        jsonBody: { params: request.params, query: Object.fromEntries(request.query), body: await request.text(), method: request.method },
      }) });
      app.http('nothing', { handler: () => undefined });
      app.http('literal', { route: 'things/one/two', handler: () => ({ body: 'literal' }) });
      app.http('throws', { handler: () => { throw new Error('on purpose'); } });
    `);
    try {
      const response = await fetch(`${host.url}/api/Things/blue/a%20b%2Fc?x=1&x=2&y=%C3%BC`, {
        method: 'POST',
        body: 'hi',
      });
      expect([response.status, response.headers.get('x-a')]).toEqual([201, 'b']);
      expect(await response.json()).toEqual({
        params: { kind: 'blue', id: 'a b%2Fc' },
        query: { x: '1,2', y: 'ü' },
        body: 'hi',
        method: 'POST',
      });
      expect(await (await fetch(`${host.url}/api/things/one/two`)).text()).toBe('literal');
      expect(await status(host, '/api/things/blue')).toBe(201);
      expect(await status(host, '/api/things/7')).toBe(404);
      expect(await status(host, '/api/things/blue', { method: 'DELETE' })).toBe(404);
      expect(await status(host, '/api/nothing')).toBe(204);
      expect(await status(host, '/api/throws')).toBe(500);
      expect(await status(host, '/elsewhere')).toBe(404);
      expect(logs.join('\n')).toContain('[throws] failed: Error: on purpose');
    } finally {
      await host.close();
    }
  });

  it('require keys when the host has keys', async () => {
    const host = await start(
      `for (const authLevel of ['anonymous', 'function', 'admin']) app.http(authLevel, { authLevel, handler: () => ({}) });`,
      { withKeys: true },
    );
    try {
      const keys = host.keys;
      if (!keys) throw new Error('there are no keys');
      const own = keys.functions.function ?? '';
      const answers = async (key: string) =>
        Promise.all(
          ['anonymous', 'function', 'admin'].map((name) =>
            status(host, `/api/${name}`, { headers: { 'x-functions-key': key } }),
          ),
        );
      expect(await answers('wrong')).toEqual([200, 401, 401]);
      expect(await answers(own)).toEqual([200, 200, 401]);
      expect(await answers(keys.host)).toEqual([200, 200, 401]);
      expect(await answers(keys.master)).toEqual([200, 200, 200]);
      expect(await status(host, `/api/function?code=${own}`)).toBe(200);
      expect(await status(host, '/admin/functions/function', { method: 'POST' })).toBe(401);
    } finally {
      await host.close();
    }
  });
});

describe('timer triggers', () => {
  const seen = (from: number) => logs.slice(from).filter((line) => line.startsWith('[tick]'));

  it('tick, never overlap, and run once for missed ticks', async () => {
    const before = logs.length;
    const host = await start(`
      let running = 0;
      app.timer('tick', { schedule: '* * * * * *', handler: async (timer, context) => {
        running += 1;
        context.log(JSON.stringify({ running, isPastDue: timer.isPastDue, next: timer.scheduleStatus.next }));
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        running -= 1;
      } });
    `);
    try {
      await until(() => expect(seen(before).length).toBeGreaterThanOrEqual(3));
      expect(seen(before).every((line) => line.includes('"running":1'))).toBe(true);
      expect(seen(before).some((line) => line.includes('"isPastDue":true'))).toBe(true);
    } finally {
      await host.close();
    }
  });

  it('run on demand', async () => {
    const before = logs.length;
    const host = await start(
      `app.timer('tick', { schedule: '0 0 0 1 1 *', handler: (timer, context) => context.log('ran') });`,
    );
    try {
      expect(await runNow(host, 'tick')).toBe(202);
      await until(() => expect(seen(before)).toEqual(['[tick] ran']));
      expect(await runNow(host, 'unknown')).toBe(404);
    } finally {
      await host.close();
    }
  });
});

describe('queue triggers', () => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startEmulator();
  });
  afterAll(() => emulator.part.stop());

  const settings = () => ({
    ...process.env,
    AzureWebJobsStorage: emulator.nextAccount(),
    AzureFunctionsJobHost__extensions__queues__maxPollingInterval: '00:00:00.1',
    AzureFunctionsJobHost__extensions__queues__maxDequeueCount: '3',
  });
  const send = (env: NodeJS.ProcessEnv, text: string) => {
    const queue = new QueueClient(env.AzureWebJobsStorage ?? '', 'work');
    return queue.createIfNotExists().then(() => queue.sendMessage(Buffer.from(text).toString('base64')));
  };
  const waiting = async (env: NodeJS.ProcessEnv, name: string) =>
    (await new QueueClient(env.AzureWebJobsStorage ?? '', name).getProperties()).approximateMessagesCount;
  const trigger = (code: string) => `
    app.storageQueue('work', { queueName: 'work', connection: 'AzureWebJobsStorage', handler: async (item, context) => {
      const { dequeueCount, id } = context.triggerMetadata;
      context.log(JSON.stringify({ item, dequeueCount, hasId: typeof id === 'string', pid: process.pid }));
      ${code}
    } });`;

  /**
   * A server between the host and the queues. `onAnswer` is called when the emulator has answered a request for a
   * message, `onRequest` before that, and may keep the request.
   */
  async function startBetween(
    env: NodeJS.ProcessEnv,
    onAnswer: (request: IncomingMessage) => Promise<void> = async () => undefined,
    onRequest: (request: IncomingMessage) => boolean = () => true,
  ): Promise<{ readonly through: string; close(): void }> {
    const server = createServer((request, response) => {
      const { method, url, headers } = request;
      const isMessage = url?.includes('/messages/') ?? false;
      if (isMessage && !onRequest(request)) return;
      const forwarded = ask({ port: emulator.port + 1, method, path: url, headers }, async (answer) => {
        if (isMessage) await onAnswer(request);
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(forwarded);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      through: env.AzureWebJobsStorage?.replace(`:${emulator.port + 1}/`, `:${port}/`) ?? '',
      close() {
        server.close();
        server.closeAllConnections();
      },
    };
  }

  it('pass messages, parsed if they are JSON, and delete them', async () => {
    const env = settings();
    const before = logs.length;
    const host = await start(trigger(''), { env });
    try {
      await send(env, '{"a":1}');
      await send(env, 'plain');
      const seen = () => logs.slice(before).filter((line) => line.startsWith('[work] {'));
      await until(() => expect(seen()).toHaveLength(2));
      expect(seen()[0]).toContain('"item":{"a":1},"dequeueCount":1,"hasId":true');
      expect(seen()[1]).toContain('"item":"plain"');
      await until(async () => expect(await waiting(env, 'work')).toBe(0));
      const body = JSON.stringify({ input: 'by hand' });
      expect(await runNow(host, 'work', body)).toBe(202);
      await until(() => expect(seen()[2]).toContain('"item":"by hand"'));
    } finally {
      await host.close();
    }
  });

  it.each([
    ['throws', `throw new Error('on purpose');`],
    ['kills its process', 'process.exit(1);'],
  ])('try a message that %s again, and put it aside at last', async (_, code) => {
    const env = settings();
    const before = logs.length;
    const host = await start(trigger(code), { env });
    try {
      await send(env, 'poison');
      await until(async () => expect(await waiting(env, 'work-poison')).toBe(1));
      const tries = logs.slice(before).filter((line) => line.includes('A message of work failed (try'));
      expect(tries).toHaveLength(3);
      // It is copied first and deleted then, so that a crash in between does not lose it.
      await until(async () => expect(await waiting(env, 'work')).toBe(0));
    } finally {
      await host.close();
    }
  });

  it.each(['no base64!', 'YQ', '{"a":1}'])('put %j aside at once, because it is not base64', async (text) => {
    const env = settings();
    const before = logs.length;
    const host = await start(trigger(''), { env });
    try {
      const queue = new QueueClient(env.AzureWebJobsStorage, 'work');
      await queue.createIfNotExists();
      await queue.sendMessage(text);
      await until(() => expect(logs.slice(before).join('\n')).toContain('is not base64 and was moved to work-poison.'));
      expect(logs.slice(before).filter((line) => line.startsWith('[work] {'))).toEqual([]);
      const { peekedMessageItems } = await new QueueClient(env.AzureWebJobsStorage, 'work-poison').peekMessages();
      expect(peekedMessageItems.map(({ messageText }) => messageText)).toEqual([text]);
    } finally {
      await host.close();
    }
  });

  it('delete a message whose invisibility is renewed at the moment it ends', async () => {
    const env = settings();
    const renewed = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    // The emulator has applied the renewal. Its answer waits until the function has ended.
    const { through, close } = await startBetween(env, async ({ method }) => {
      if (method !== 'PUT') return;
      renewed.resolve();
      await ended.promise;
    });
    let runs = 0;
    const lines: string[] = [];
    const stop = startQueueTrigger({
      queueName: 'work',
      connection: through,
      settings: { ...readHostJson(folder, env).queues, visibilityTimeoutMs: 0 },
      renewMs: 20,
      async run() {
        runs += 1;
        await renewed.promise;
        setImmediate(() => ended.resolve());
      },
      log: (line) => lines.push(line),
    });
    try {
      await send(env, 'once');
      await until(async () => expect([runs, await waiting(env, 'work')]).toEqual([1, 0]));
      expect(lines).toEqual([]);
    } finally {
      stop();
      close();
    }
  });

  it('do not repeat a finished message, and do not put it aside, when the answer to its deletion is lost', async () => {
    const env = { ...settings(), AzureFunctionsJobHost__extensions__queues__maxDequeueCount: '1' };
    let lost = 0;
    const { through, close } = await startBetween(env, async ({ method, socket }) => {
      if (method !== 'DELETE') return;
      lost += 1;
      if (lost === 1) socket.destroy();
    });
    const before = logs.length;
    const host = await start(trigger(''), { env: { ...env, AzureWebJobsStorage: through } });
    try {
      await send(env, 'once');
      await until(() => expect(lost).toBe(2));
      await send(env, 'next');
      await until(() => expect(lost).toBe(3));
      expect(await waiting(env, 'work')).toBe(0);
      const lines = logs.slice(before).filter((line) => line.startsWith('[work]'));
      expect(lines).toEqual([expect.stringContaining('"item":"once"'), expect.stringContaining('"item":"next"')]);
    } finally {
      await host.close();
      close();
    }
  });

  it('put a message back whose connection is closed at that moment', async () => {
    const env = settings();
    let cut = 0;
    const { through, close } = await startBetween(env, undefined, ({ method, socket }) => {
      if (method !== 'PUT' || cut >= 2) return true;
      cut += 1;
      socket.destroy();
      return false;
    });
    const before = logs.length;
    const code = `if (dequeueCount < 2) throw new Error('on purpose');`;
    const host = await start(trigger(code), { env: { ...env, AzureWebJobsStorage: through } });
    try {
      await send(env, 'once more');
      const seen = () => logs.slice(before).filter((line) => line.startsWith('[work] {'));
      await until(() => expect(seen()).toHaveLength(2));
      expect(cut).toBe(2);
    } finally {
      await host.close();
      close();
    }
  });

  it('are shared by the instances, and the timer runs in one of them', async () => {
    const env = settings();
    const before = logs.length;
    const timer = `app.timer('tick', { schedule: '* * * * * *', handler: (_, context) => context.log('pid ' + process.pid) });`;
    const slow = trigger('await new Promise((resolve) => setTimeout(resolve, 100));');
    const host = await start(slow + timer, { env, instances: 2 });
    try {
      expect(new Set(host.pids()).size).toBe(2);
      for (let index = 0; index < 60; index += 1) await send(env, `message ${index}`);
      const seen = () => logs.slice(before).filter((line) => /\[work\] \{/.test(line));
      await until(() => expect(seen()).toHaveLength(60));
      const by = new Set(seen().map((line) => Number(/"pid":(\d+)/.exec(line)?.[1])));
      expect([...by].sort()).toEqual([...host.pids()].sort());
      const ticks = () => logs.slice(before).filter((line) => /\[tick\] pid/.test(line));
      await until(() => expect(ticks().length).toBeGreaterThan(1));
      expect(new Set(ticks().map((line) => line.split('pid ')[1])).size).toBe(1);
    } finally {
      await host.close();
    }
  });
});

describe('a wrong value', () => {
  it.each([
    ['AzureFunctionsJobHost__functionTimeout', '10 minutes', 'a time span such as 00:10:00'],
    ['AzureFunctionsJobHost__extensions__queues__maxPollingInterval', '2s', 'a time span such as 00:10:00'],
    ['AzureFunctionsJobHost__extensions__queues__batchSize', 'many', 'a whole number'],
  ])('of %s is named with its source', async (name, value, expected) => {
    const env = { ...process.env, [name]: value };
    await expect(start('', { env })).rejects.toThrow(`${name} is "${value}". Use ${expected}.`);
  });

  it.each([
    ['{ "functionTimeout": 10 }', 'functionTimeout of host.json is "10". Use a time span such as 00:10:00.'],
    [
      '{ "extensions": { "queues": { "visibilityTimeout": "30" } } }',
      'extensions.queues.visibilityTimeout of host.json is "30". Use a time span such as 00:10:00.',
    ],
    ['{ "version": ', 'host.json cannot be read: '],
  ])('in the file is named with the file: %s', async (text, message) => {
    const root = await mkdtemp(join(folder, 'settings-'));
    await writeFile(join(root, 'host.json'), text);
    expect(() => readHostJson(root, {})).toThrow(message);
  });
});

describe('an app', () => {
  it('gets bodies that are larger than a pipe, each once', async () => {
    const host = await start(`
      let calls = 0;
      app.http('size', { methods: ['POST'], handler: async (request) => {
        calls += 1;
        return { body: calls + ' ' + (await request.arrayBuffer()).byteLength };
      } });
    `);
    try {
      const body = new Uint8Array(3_000_000);
      const response = await fetch(`${host.url}/api/size`, { method: 'POST', body });
      expect([response.status, await response.text()]).toEqual([200, '1 3000000']);
    } finally {
      await host.close();
    }
  });

  it('that is missing at a restart is loaded when it is back', async () => {
    const entry = join(folder, 'moves.mjs');
    const source = `import { app } from '@azure/functions';
      app.http('good', { handler: () => ({ body: 'good' }) });`;
    await writeFile(entry, source);
    const options = { root: folder, entry, port: 0, env: process.env, withKeys: false };
    const host = await startLocalHost({ ...options, log: (line) => logs.push(line) });
    try {
      await rm(entry);
      process.kill(host.pids()[0] ?? 0, 'SIGKILL');
      await until(() => expect(logs.at(-1)).toContain('The functions process cannot be started'));
      await writeFile(entry, source);
      await until(async () => expect(await status(host, '/api/good')).toBe(200));
    } finally {
      await host.close();
    }
  });

  it('starts with a bad storage setting, and says which function does not run', async () => {
    const env = { ...process.env, AzureWebJobsStorage: 'garbage' };
    const trigger = `app.storageQueue('work', { queueName: 'work', connection: 'AzureWebJobsStorage', handler: () => {} });`;
    const host = await start(trigger, { env });
    await host.close();
    expect(logs.at(-1)).toMatch(/The function work does not run. AzureWebJobsStorage cannot be used/);
  });

  it('with an unknown trigger does not start', async () => {
    await expect(
      start(`app.serviceBusQueue('orders', { connection: 'x', queueName: 'y', handler: () => undefined });`),
    ).rejects.toThrow('The local host does not support the trigger of the function orders: serviceBusTrigger.');
  });

  it('that throws while it is loaded does not start', async () => {
    await expect(start(`throw new Error('broken');`)).rejects.toThrow('cannot be loaded');
    expect(logs.join('\n')).toContain('Error: broken');
  });

  it.each([
    ['exits', 'process.exit(3)', 'ended (exit code 3) while it ran bad'],
    ['blocks its loop', 'for (;;);', 'blocked its event loop and was killed while it ran bad'],
    [
      'rejects in the background',
      `Promise.reject(new Error('late')); await new Promise(() => {})`,
      'ended (exit code 1) while it ran bad',
    ],
  ])('whose handler %s is reported, and still serves', async (_, code, report) => {
    const host = await start(
      `app.http('bad', { handler: async () => { ${code}; } }); app.http('good', { handler: () => ({ body: 'good' }) });`,
      // Long enough for a new process to start on a busy machine.
      { deafMs: 6_000 },
    );
    try {
      expect(await status(host, '/api/bad')).toBe(500);
      expect(await (await fetch(`${host.url}/api/good`)).text()).toBe('good');
      expect(logs.join('\n')).toContain(`The functions process ${report}`);
    } finally {
      await host.close();
    }
  });

  it('whose handler blocks its loop ends with its host, even when that is killed', async () => {
    const entry = join(folder, 'blocks.mjs');
    await writeFile(
      entry,
      `import { app } from '@azure/functions';
      app.http('block', { handler: () => { process.stdout.write('blocked ' + process.pid + '\\n'); for (;;); } });`,
    );
    const script = `
      import { startLocalHost } from './localHost/host.ts';
      const options = { root: ${JSON.stringify(folder)}, entry: ${JSON.stringify(entry)}, port: 0, env: process.env, withKeys: false };
      const host = await startLocalHost({ ...options, deafMs: 600_000, log: (line) => console.log(line) });
      fetch(host.url + '/api/block').catch(() => undefined);
    `;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { cwd: ROOT });
    let output = '';
    parent.stdout.on('data', (chunk) => {
      output += chunk;
    });
    try {
      const pid = await until(() => Number(/blocked (\d+)/.exec(output)?.[1] ?? expect.unreachable()));
      expect(isRunning(pid)).toBe(true);
      parent.kill('SIGKILL');
      await until(() => expect(isRunning(pid)).toBe(false));
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
