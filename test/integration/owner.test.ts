// Two apps over one storage account: neither closes the other's drift, takes its shards or counts its ticks.
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { health } from '../../src/reads/health.ts';
import { listDrift } from '../../src/reads/history.ts';
import { listRuns } from '../../src/reads/runs.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { takerOf } from '../../src/runs/foreignMessage.ts';
import { poll } from '../../src/runs/poll.ts';
import { planRun, startRun } from '../../src/runs/startRun.ts';
import type { ShardMessage } from '../../src/storage/queues.ts';
import { startServer } from '../support/localApp.ts';
import { asScopes, createApp, startWorld, type TestApp, type World } from '../support/world.ts';

let world: World;

const SUPPORT = 'support@contoso.example';
const MINUTE = 60_000;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

beforeEach(() => world.tenant.put('policy', { mechanism: 'application-access-policy', members: [SUPPORT] }));

/** Production, and a second app with a shorter list, over the same account. */
function twoApps(more: Record<string, string> = {}) {
  const settings = world.settings({ OWNER: 'production', ...more });
  const production = createApp(settings);
  const staging = createApp({
    ...settings,
    OWNER: '',
    WEBSITE_SITE_NAME: 'func',
    WEBSITE_SLOT_NAME: 'staging',
    DENIED_MAILBOXES: 'ceo@contoso.example',
  });
  return { settings, production, staging };
}

async function rowsOf(app: TestApp): Promise<unknown[]> {
  const { storage } = app.settings();
  const connection = storage.kind === 'connection-string' ? storage.value.reveal() : '';
  const rows: unknown[] = [];
  for (const table of ['Runs', 'Mailboxes']) {
    const client = TableClient.fromConnectionString(connection, table, { allowInsecureConnection: true });
    for await (const row of client.listEntities()) rows.push(row);
  }
  return rows;
}

/** Does a message as the queue's function does. */
async function doMessage(app: TestApp, message: ShardMessage): Promise<void> {
  const services = await takerOf(asScopes(app), 'poll-shards', message);
  if (services) await doShard(services, message);
}

const currentOf = async (app: TestApp) => (await app.storage().runs.current())?.value;
const eventsOf = (app: TestApp) => app.logs.map(({ event }) => event);

describe('a second app over the same tables', () => {
  it('starts no run and changes no row, and the other keeps its open breach', async () => {
    const { production, staging } = twoApps();
    await world.tenant.put('policy', { mechanism: 'none' });
    await poll(production);
    const before = await rowsOf(production);
    await expect(startRun(staging, 'request')).rejects.toMatchObject({
      code: 'tables-in-use',
      message: expect.stringContaining('in use by "production"'),
    });
    await poll(staging);
    expect(staging.logs).toEqual([{ event: 'tables.in-use', scope: 'default', owner: 'production' }]);
    expect(await rowsOf(production)).toEqual(before);
    expect((await listDrift(production, { open: true }, 10, '')).items).toHaveLength(1);
    expect(await health(staging)).toMatchObject({ status: 'unhealthy', problems: [{ code: 'tables-in-use' }] });
    expect(JSON.stringify(await health(staging))).not.toContain('production');
    expect((await health(production)).problems).toEqual([]);
  });

  it('counts no skipped tick while a run of the other is alive', async () => {
    const { production, staging } = twoApps({ POLL_SCHEDULE: '* * * * * *' });
    await planRun(production, 'request');
    // Three intervals are over, but the run is still alive.
    staging.advance(10_000);
    await poll(staging);
    expect(eventsOf(staging)).toEqual(['run.skipped']);
    expect(await currentOf(production)).toMatchObject({ owner: 'production', skippedTicks: 0 });
    await poll(production);
    expect(await currentOf(production)).toMatchObject({ skippedTicks: 1 });
  });

  it('takes the tables over after three intervals, and then the first one stands back', async () => {
    const { production, staging } = twoApps();
    await poll(production);
    staging.advance(44 * MINUTE);
    await expect(startRun(staging, 'request')).rejects.toMatchObject({ code: 'tables-in-use' });
    staging.advance(MINUTE);
    await poll(staging);
    expect(staging.logs).toContainEqual({
      event: 'tables.taken-over',
      scope: 'default',
      runId: expect.stringMatching(/-2$/),
      from: 'production',
      owner: 'func/staging',
    });
    expect(await currentOf(staging)).toMatchObject({ owner: 'func/staging', number: 2 });
    production.advance(46 * MINUTE);
    await poll(production);
    expect(production.logs.at(-1)).toEqual({ event: 'tables.in-use', scope: 'default', owner: 'func/staging' });
  });

  it('waits over a night without scheduled times', async () => {
    const { production, staging } = twoApps({ POLL_SCHEDULE: '0 0 8-17 * * *' });
    const evening = Date.parse('2031-03-04T17:00:00Z');
    production.advance(evening - Date.now());
    await poll(production);
    staging.advance(evening + 12 * 60 * MINUTE - Date.now());
    await expect(startRun(staging, 'request')).rejects.toMatchObject({ code: 'tables-in-use' });
    staging.advance(6 * 60 * MINUTE);
    await startRun(staging, 'request');
  });

  it('takes them over at once under the old name, and from nobody', async () => {
    const { settings, production } = twoApps();
    await poll(production);
    const successor = createApp({ ...settings, OWNER: 'production', WEBSITE_SITE_NAME: 'func-new' });
    await poll(successor);
    expect((await listRuns(successor, 10, '')).items).toHaveLength(2);
    expect(eventsOf(successor)).not.toContain('tables.taken-over');
  });

  it('takes them over from an earlier version, which wrote no owner', async () => {
    const { production, staging } = twoApps();
    await poll(production);
    const { storage } = production.settings();
    const connection = storage.kind === 'connection-string' ? storage.value.reveal() : '';
    const client = TableClient.fromConnectionString(connection, 'Runs', { allowInsecureConnection: true });
    const { owner: _, ...row } = await client.getEntity('run', 'current');
    await client.updateEntity(row as Parameters<typeof client.updateEntity>[0], 'Replace');
    await poll(staging);
    expect(await currentOf(staging)).toMatchObject({ owner: 'func/staging', number: 2 });
  });

  it('does not believe a start in the future', async () => {
    const { production, staging } = twoApps();
    production.advance(24 * 60 * MINUTE);
    await poll(production);
    await poll(staging);
    expect(await currentOf(staging)).toMatchObject({ owner: 'func/staging', number: 2 });
  });

  it('that starts in the same moment as the other: one of them owns the tables', async () => {
    const { production, staging } = twoApps();
    const results = await Promise.allSettled([startRun(production, 'request'), startRun(staging, 'request')]);
    const lost = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(lost).toEqual(['tables-in-use']);
  });
});

describe('a message of another app', () => {
  it('is sent back, then dropped after twenty returns', async () => {
    const { production, staging } = twoApps();
    await startRun(production, 'request');
    const [message] = production.sent;
    if (!message) throw new Error('nothing was sent');
    expect(message).toMatchObject({ owner: 'production' });
    await doMessage(staging, message);
    expect(staging.returned).toEqual([{ queue: 'poll-shards', message: { ...message, returned: 1 } }]);
    await doMessage(staging, { ...message, returned: 19 });
    await doMessage(staging, { ...message, returned: 20 });
    expect(staging.returned.map(({ message }) => message)).toEqual([
      { ...message, returned: 1 },
      { ...message, returned: 20 },
    ]);
    expect(staging.logs.at(-1)).toMatchObject({ event: 'message.dropped', owner: 'production', returned: 20 });

    await doMessage(production, { ...message, returned: 7 });
    expect((await listRuns(production, 1, '')).items).toMatchObject([{ status: 'completed' }]);
  });

  it('without an owner is anybody’s', async () => {
    const { production } = twoApps();
    await startRun(production, 'request');
    const [message] = production.sent;
    if (!message) throw new Error('nothing was sent');
    const { owner: _, ...old } = message;
    await doMessage(production, old);
    expect((await listRuns(production, 1, '')).items).toMatchObject([{ status: 'completed' }]);
  });

  it('about an alert is sent back as well', async () => {
    const url = await startServer((_, response) => response.end());
    const { staging } = twoApps({ ALERT_WEBHOOK_URL: url });
    expect(
      await takerOf(asScopes(staging), 'drift-alerts', { runId: '20261123T081500Z-1', owner: 'production' }),
    ).toBeNull();
    expect(staging.returned).toMatchObject([{ queue: 'drift-alerts', message: { returned: 1 } }]);
  });
});

describe('an app that has lost the tables', () => {
  it('does its late shards and alerts no more, and what is due is announced once', async () => {
    const got: string[] = [];
    const url = await startServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      got.push(JSON.parse(Buffer.concat(chunks).toString()).data.headline);
      response.end();
    });
    const { production, staging, settings } = twoApps({ ALERT_WEBHOOK_URL: url, RETENTION_MONTHS: '1' });
    await poll(production);
    for (const runId of production.alerts.splice(0)) await deliverAlert(production, { runId, owner: 'production' });
    await world.tenant.put('policy', { mechanism: 'none' });
    await poll(production);
    const [late = ''] = production.alerts.splice(0);
    await startRun(production, 'request');
    const [shard] = production.sent.splice(0);

    const successor = createApp({ ...settings, OWNER: 'successor' });
    successor.advance(46 * MINUTE);
    await poll(successor);
    const before = await rowsOf(successor);
    if (shard) await doShard(production, shard);
    await deliverAlert(production, { runId: late, owner: 'production' });
    expect(production.logs.slice(-2)).toMatchObject([{ event: 'shard.skipped' }, { event: 'alert.left', runId: late }]);
    expect(await rowsOf(successor)).toEqual(before);
    expect(got).toEqual([]);

    for (const runId of successor.alerts.splice(0)) await deliverAlert(successor, { runId, owner: 'successor' });
    expect(got).toEqual([expect.stringContaining('1 breach opened')]);
    expect(staging.logs).toEqual([]);
  });
});
