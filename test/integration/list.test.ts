// A list in a file or a blob: joined with the settings, changed between runs, and its faults.
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { health } from '../../src/reads/health.ts';
import { listMailboxes } from '../../src/reads/mailboxes.ts';
import { getRun } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { poll } from '../../src/runs/poll.ts';
import { startRun } from '../../src/runs/startRun.ts';
import { startServer } from '../support/localApp.ts';
import { until } from '../support/until.ts';
import { createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;
let folder: string;

beforeAll(async () => {
  world = await startWorld();
  await world.tenant.post('mailboxes', { count: 9 });
  folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await world.close();
});

const csv = (denied: number, more = '') =>
  `mailbox,expectation\n${Array.from({ length: denied }, (_, index) => `user0000${index + 1}@contoso.example,denied\n`).join('')}${more}`;

async function names(app: TestApp): Promise<string[]> {
  const { items } = await listMailboxes(app, { startsWith: '' }, 100, '');
  return items.map(({ mailbox, verdict }) => `${mailbox.split('@')[0]} ${verdict}`);
}

describe('a file', () => {
  it('is joined with the settings, and read again only after a change', async () => {
    const file = join(folder, 'changing.csv');
    await writeFile(file, csv(2));
    const app = createApp(world.settings({ MAILBOXES_FILE: file }));
    const first = await app.list();
    await poll(app);
    expect(await names(app)).toEqual([
      'cch compliant',
      'support compliant',
      'user00001 compliant',
      'user00002 compliant',
    ]);
    expect(await app.list()).toBe(first);

    await writeFile(file, csv(1));
    app.advance(11_000);
    await poll(app);
    expect(await names(app)).toEqual(['cch compliant', 'support compliant', 'user00001 compliant']);
    expect(await app.list()).not.toBe(first);
  });

  it('that one process saw change earlier than another costs no shard', async () => {
    const file = join(folder, 'earlier.csv');
    await writeFile(file, csv(6));
    const settings = world.settings({ MAILBOXES_FILE: file, SHARD_SIZE: '4' });
    const [late, early] = [createApp(settings), createApp(settings)];
    await late.list();
    await writeFile(file, csv(7));
    const run = await startRun(early, 'request');
    for (const message of early.sent) await doShard(late, message);
    expect(await getRun(late, run.id)).toMatchObject({ status: 'completed', notSeen: 0 });
  });

  it('that changes during a run is not mixed with the list of that run', async () => {
    const file = join(folder, 'midway.csv');
    await writeFile(file, csv(6));
    const app = createApp(world.settings({ MAILBOXES_FILE: file, SHARD_SIZE: '4' }));
    const run = await startRun(app, 'request');
    const [first, second] = app.sent;
    if (!first || !second) throw new Error('there are two shards');
    await doShard(app, first);
    await writeFile(file, csv(7));
    app.advance(11_000);
    await doShard(app, second);
    expect(app.logs).toContainEqual({
      event: 'shard.skipped',
      scope: 'default',
      runId: run.id,
      shard: 1,
      why: 'the list of mailboxes has changed since the run began',
    });
    // Nobody will finish the run, so it ends at once and the next can start.
    await poll(app);
    expect(await getRun(app, run.id)).toMatchObject({ status: 'incomplete', notSeen: 4 });
  });

  it('that does not change is filtered rightly while a run is at work, and one that changed and changed back too', async () => {
    const file = join(folder, 'back.csv');
    const [first, second] = [csv(3), csv(2, 'user00003@contoso.example,allowed\n')];
    await writeFile(file, first);
    const app = createApp(world.settings({ MAILBOXES_FILE: file, SHARD_SIZE: '2' }));
    const denied = async () => {
      const { items } = await listMailboxes(app, { startsWith: 'user', expectation: 'denied' }, 100, '');
      return items.map(({ mailbox, verdict }) => `${mailbox.split('@')[0]} ${verdict}`);
    };
    const three = ['user00001 compliant', 'user00002 compliant', 'user00003 compliant'];
    await poll(app);
    for (const message of app.sent.splice(0)) await doShard(app, message);
    expect(await denied()).toEqual(three);
    app.advance(15 * 60_000);
    await poll(app);
    for (const message of app.sent) {
      expect(await denied()).toEqual(three);
      await doShard(app, message);
    }
    expect(await denied()).toEqual(three);
    app.sent.splice(0);

    // A run with the other list judges some mailboxes, and dies.
    app.advance(15 * 60_000);
    await writeFile(file, second);
    await poll(app);
    expect(await denied()).toEqual(three.slice(0, 2));
    const own = (await app.list()).shards.find((shard) =>
      shard.listed('allowed').includes('user00003@contoso.example'),
    );
    for (const message of app.sent.splice(0)) if (message.shard === own?.index) await doShard(app, message);
    await writeFile(file, first);
    app.advance(15 * 60_000);
    const pending = [...three.slice(0, 2), 'user00003 pending'];
    expect(await denied()).toEqual(pending);
    await poll(app);
    // The newest run has the list in force, but the table does not.
    expect(await denied()).toEqual(pending);
    for (const message of app.sent.splice(0)) await doShard(app, message);
    expect(await denied()).toEqual(three);
  });

  it('with faults stops runs and answers, and names each line; health names only the setting', async () => {
    const file = join(folder, 'faulty.csv');
    await writeFile(file, csv(1, 'cch@contoso.example,allowed\nnobody,denied\n'));
    const app = createApp(world.settings({ MAILBOXES_FILE: file }));
    await expect(poll(app)).rejects.toMatchObject({
      code: 'configuration-invalid',
      facts: {
        faults: [
          'MAILBOXES_FILE: line 3 declares cch@contoso.example allowed, but DENIED_MAILBOXES names it too. Remove one of them.',
          'MAILBOXES_FILE: line 4 names "nobody". Use a user principal name or a directory object id.',
        ],
      },
    });
    const { problems } = await health(app);
    expect(problems).toContainEqual({ code: 'configuration-invalid', setting: 'MAILBOXES_FILE', fault: 'malformed' });
    expect(JSON.stringify(problems)).not.toContain('cch');

    await writeFile(file, csv(1));
    app.advance(11_000);
    await poll(app);
    expect((await health(app)).problems).toEqual([]);
  });

  it.each([
    [
      'is not there',
      'nowhere.csv',
      {},
      /^MAILBOXES_FILE: the file .*nowhere\.csv cannot be found or read\. A relative path begins at the folder of the app\.$/,
    ],
    [
      'allows nobody',
      'denied.csv',
      { ALLOWED_MAILBOXES: '', DENIED_MAILBOXES: '' },
      /^MAILBOXES_FILE: no mailbox is allowed/,
    ],
  ])('that %s is a fault', async (_, name, more, text) => {
    await writeFile(join(folder, 'denied.csv'), csv(2));
    const app = createApp(world.settings({ MAILBOXES_FILE: join(folder, name), ...more }));
    await expect(app.list()).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringMatching(text),
    });
  });
});

describe('a file that cannot be read', () => {
  it('is a fault of the settings, and is looked at again at once', async () => {
    const file = join(folder, 'late.csv');
    await mkdir(file);
    const app = createApp(world.settings({ MAILBOXES_FILE: file }));
    await expect(app.list()).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: `MAILBOXES_FILE: ${file} is a folder. Name the CSV file in it.`,
    });
    expect((await health(app)).problems).toContainEqual({
      code: 'configuration-invalid',
      setting: 'MAILBOXES_FILE',
      fault: 'malformed',
    });
    await rm(file, { recursive: true });
    await writeFile(file, csv(2));
    expect((await app.list()).mailboxes).toBe(4);
  });

  it.runIf(process.platform === 'linux')('for another reason says which', async () => {
    // A file of the kernel that can be opened, but not read.
    const app = createApp(world.settings({ MAILBOXES_FILE: '/proc/self/mem' }));
    const text = /^MAILBOXES_FILE: the file \/proc\/self\/mem cannot be read \(E[A-Z]+\)\. /;
    await expect(app.list()).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringMatching(text),
    });
  });

  it('leaves no file open, however bad it is', async () => {
    const file = join(folder, 'large.csv');
    await writeFile(file, `${csv(1)}a"b,denied\n${'# more\n'.repeat(100_000)}`);
    const app = createApp(world.settings({ MAILBOXES_FILE: file }));
    await expect(app.list()).rejects.toMatchObject({ message: expect.stringContaining('line 3 has a quote') });
    const open = async () =>
      Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
    if (process.platform === 'linux') await until(async () => expect(await open()).not.toContain(file));
  });
});

describe('a blob', () => {
  it('whose body is cut is a fault of storage, and is read again at once', async () => {
    const body = csv(2);
    let isCut = true;
    const url = await startServer((request, response) => {
      const headers = { etag: '"1"', 'content-length': body.length, 'last-modified': new Date(0).toUTCString() };
      response.writeHead(200, { ...headers, 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' });
      if (request.method === 'HEAD') return void response.end();
      if (!isCut) return void response.end(body);
      response.write(body.slice(0, 30), () => response.destroy());
    });
    const account = `AccountName=a;AccountKey=aaaa;TableEndpoint=${url}/t;QueueEndpoint=${url}/q;BlobEndpoint=${url}/a`;
    const app = createApp(world.settings({ MAILBOXES_FILE: 'blob:lists/mailboxes.csv', AzureWebJobsStorage: account }));
    await expect(app.list()).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: 'The blob that MAILBOXES_FILE names cannot be read.',
    });
    isCut = false;
    expect((await app.list()).mailboxes).toBe(4);
  });

  it('in the storage account of the app is read, and read again after a change', async () => {
    const settings = world.settings({ MAILBOXES_FILE: 'blob:lists/mailboxes.csv' });
    const app = createApp(settings);
    await expect(app.list()).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: 'MAILBOXES_FILE: the blob lists/mailboxes.csv does not exist.',
    });
    const container = BlobServiceClient.fromConnectionString(settings.AzureWebJobsStorage ?? '').getContainerClient(
      'lists',
    );
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient('mailboxes.csv');
    await blob.uploadData(Buffer.from(csv(2)));
    app.advance(11_000);
    await poll(app);
    expect(await names(app)).toHaveLength(4);
    await blob.uploadData(Buffer.from(csv(3)));
    app.advance(11_000);
    await poll(app);
    expect(await names(app)).toHaveLength(5);
  });
});
