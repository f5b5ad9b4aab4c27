// Tables as a version of the app wrote them: plays a small story to record them, and loads them again.
import { TableClient, TableServiceClient, type TransactionAction } from '@azure/data-tables';
import { deliverAlert } from '../../src/alerts/deliverAlert.ts';
import { doShard } from '../../src/runs/doShard.ts';
import { poll } from '../../src/runs/poll.ts';
import { startRun } from '../../src/runs/startRun.ts';
import type { ShardMessage } from '../../src/storage/queues.ts';
import { createApp, type TestApp, type World } from './world.ts';

export const SUPPORT = 'support@contoso.example';
export const HR = 'hr@contoso.example';
export const CCH = 'cch@contoso.example';
export const GONE = 'gone@contoso.example';

/** A row without its ETag and timestamp. */
export type RecordedRow = Readonly<Record<string, unknown>> & {
  readonly partitionKey: string;
  readonly rowKey: string;
};

export interface Recording {
  readonly about?: string;
  /** The clock of the app when it ended; ISO 8601 UTC. */
  readonly endedAt: string;
  readonly tables: Readonly<Record<string, readonly RecordedRow[]>>;
  /** What is left on the queue of shards. */
  readonly shardMessages: readonly ShardMessage[];
}

const CLIENT = { allowInsecureConnection: true };
/** Three shards of seven mailboxes. */
const LISTS = {
  ALLOWED_MAILBOXES: `${SUPPORT} ${HR}`,
  DENIED_MAILBOXES: `${CCH} ${GONE} user00001@contoso.example user00002@contoso.example user00003@contoso.example`,
  SHARD_SIZE: '3',
  STORE_SUBJECTS: 'true',
};

/** The settings of the story, with the tenant's receiver of alerts. */
export function storySettings(world: World): Record<string, string> {
  return world.settings({ ...LISTS, ALERT_WEBHOOK_URL: `${world.tenant.sandbox.url}/sandbox/webhook` });
}

export const setPolicy = (world: World, ...members: string[]) =>
  world.tenant.put('policy', { mechanism: 'application-access-policy', members });

/** Sets the clock of the app. */
export function setClock(app: TestApp, time: string): void {
  app.advance(Date.parse(time) - app.now().getTime());
}

/** Does what is on the queues. */
export async function drain(app: TestApp): Promise<void> {
  for (const message of app.sent.splice(0)) await doShard(app, message);
  for (const runId of app.alerts.splice(0)) await deliverAlert(app, { runId });
}

/**
 * The story, in a tenant of three users:
 *
 * 1. 08:00: all is well, but nobody knows `gone`.
 * 2. 08:15: the policy is gone, and every denied mailbox is in breach.
 * 3. 08:30: the policy is back without `hr`. The breaches have recovered, `gone` is unverified.
 * 4. 08:44: a requested run, during which a tick is skipped: `hr` is locked out.
 * 5. 09:00: no allowed mailbox is readable, so no control holds.
 * 6. 09:15: `cch` is in the policy's group: a breach, which is announced.
 * 7. 09:30: a run with one shard done. The messages of the others are on the queue.
 */
export async function recordStory(world: World): Promise<Recording> {
  const settings = storySettings(world);
  const app = createApp(settings);
  await world.tenant.post('messages', { mailbox: SUPPORT, subject: 'Printer on fire' });
  const tick = async (time: string) => {
    setClock(app, `2026-11-26T${time}Z`);
    await poll(app);
  };

  await setPolicy(world, SUPPORT, HR);
  await tick('08:00:00.200');
  await drain(app);
  await world.tenant.put('policy', { mechanism: 'none' });
  await tick('08:15:00.200');
  await drain(app);
  await setPolicy(world, SUPPORT);
  await tick('08:30:00.200');
  await drain(app);
  setClock(app, '2026-11-26T08:44:30.000Z');
  await startRun(app, 'request');
  await tick('08:45:00.200');
  await drain(app);
  await setPolicy(world);
  await tick('09:00:00.200');
  await drain(app);
  await setPolicy(world, SUPPORT, CCH);
  await tick('09:15:00.200');
  await drain(app);
  await tick('09:30:00.200');
  const [first, ...rest] = app.sent.splice(0);
  if (first) await doShard(app, first);
  const endedAt = app.now().toISOString();
  return { endedAt, tables: await readTables(settings.AzureWebJobsStorage ?? ''), shardMessages: rest };
}

/** All rows of all tables. */
export async function readTables(connection: string): Promise<Record<string, RecordedRow[]>> {
  const tables: Record<string, RecordedRow[]> = {};
  for await (const { name = '' } of TableServiceClient.fromConnectionString(connection, CLIENT).listTables()) {
    const rows: RecordedRow[] = [];
    for await (const { etag: _, timestamp: __, ...row } of open(connection, name).listEntities()) {
      // Every row has these two keys.
      rows.push(row as unknown as RecordedRow);
    }
    tables[name] = rows;
  }
  return tables;
}

/** Writes recorded tables into an empty account. */
export async function loadTables(connection: string, tables: Recording['tables']): Promise<void> {
  for (const [name, rows] of Object.entries(tables)) {
    const table = open(connection, name);
    await table.createTable();
    for (const group of Map.groupBy(rows, ({ partitionKey }) => partitionKey).values()) {
      await table.submitTransaction(group.map((row): TransactionAction => ['create', { ...row }]));
    }
  }
}

function open(connection: string, name: string): TableClient {
  return TableClient.fromConnectionString(connection, name, CLIENT);
}
