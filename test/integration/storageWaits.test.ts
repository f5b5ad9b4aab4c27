// Storage that asks to wait an hour, never answers, or refuses: requests answer soon, and no run is left open.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { health } from '../../src/reads/health.ts';
import { listMailboxes } from '../../src/reads/mailboxes.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { poll } from '../../src/runs/poll.ts';
import { startRun } from '../../src/runs/startRun.ts';
import { createServices, type Services } from '../../src/services.ts';
import { startServer } from '../support/localApp.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

/** A storage service that asks for an hour, and one that takes requests and never answers. */
const startWaiting = () => startServer((_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end());
const startSilent = () => startServer(() => undefined);
/** One behind a firewall, or without a role for this identity. */
const startRefusing = () => startServer((_, response) => void response.writeHead(403).end());

type Service = 'Blob' | 'Queue' | 'Table';

/** The app with some of its storage services at `url`, and the others at the emulator. */
function appAt(url: string, services: readonly Service[], more: Record<string, string> = {}): Services {
  const settings = world.settings(more);
  let connection = settings.AzureWebJobsStorage ?? '';
  for (const service of services) {
    connection = connection.replace(
      new RegExp(`${service}Endpoint=http://127.0.0.1:\\d+`),
      `${service}Endpoint=${url}`,
    );
  }
  return createServices({ ...settings, AzureWebJobsStorage: connection }, () => undefined);
}

const unavailable = { code: 'storage-unavailable' };

// The limit of a call is a part of the test: without it these would wait for an hour.
describe.each([
  ['asks to wait an hour', startWaiting],
  ['never answers', startSilent],
  ['refuses', startRefusing],
])('storage that %s', (_, start) => {
  it('leaves no request without an answer', async () => {
    const app = appAt(await start(), ['Blob', 'Queue', 'Table']);
    const inBlob = appAt(await start(), ['Blob'], { MAILBOXES_FILE: 'blob:lists/mailboxes.csv' });
    await Promise.all([
      expect(listMailboxes(app, { startsWith: '' }, 10, '')).rejects.toMatchObject(unavailable),
      expect(listRuns(app, 10, '')).rejects.toMatchObject(unavailable),
      expect(startRun(app, 'request')).rejects.toMatchObject(unavailable),
      expect(poll(app)).rejects.toMatchObject(unavailable),
      expect(startRun(inBlob, 'request')).rejects.toMatchObject(unavailable),
      expect(health(app)).resolves.toMatchObject({ status: 'unhealthy', problems: [unavailable] }),
    ]);
  });

  it('for queues alone leaves no run open', async () => {
    const app = appAt(await start(), ['Queue']);
    await expect(startRun(app, 'request')).rejects.toMatchObject(unavailable);
    const { items } = await listRuns(app, 10, '');
    expect(items).toMatchObject([{ status: 'incomplete', problem: '1 of 1 shards did not finish.' }]);
    await expect(startRun(app, 'request')).rejects.toMatchObject(unavailable);
    expect((await listRuns(app, 10, '')).items).toHaveLength(2);
  });
});
