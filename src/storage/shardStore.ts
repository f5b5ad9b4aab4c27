// Rows of shards in the table `Runs`: written when a shard begins, replaced when it commits.
import type { TransactionAction } from '@azure/data-tables';
import type { Control } from '../rules/observation.ts';
import type { Tally } from '../rules/tally.ts';
import { and, type Columns, collect, fromRow, quoted, toRow } from './rows.ts';
import type { Stored } from './runStore.ts';
import type { Lease, Tables } from './tables.ts';

export interface ShardRecord {
  readonly shard: number;
  readonly begunAt: string;
  /** The time of the commit; null until the shard is done. */
  readonly committedAt: string | null;
  /** When its message was given up. A run does not wait for it any more, but the shard may still commit. */
  readonly givenUpAt: string | null;
  /** States of mailboxes no longer listed, found when the shard first began, and those of them with open drift. */
  readonly removed: number;
  readonly closedByRemoval: number;
  readonly tally: Tally | null;
  readonly controlHeld: boolean | null;
  readonly control: Control | null;
  readonly roles: readonly string[] | null;
  /** The number of 429 answers, and the milliseconds of waiting to ask again, over all tries of the shard. */
  readonly throttled: number;
  readonly waitedMs: number;
}

export interface ShardStore {
  all(runId: string): Promise<readonly ShardRecord[]>;
  /** The number of shards that the run does not wait for: committed, or given up. */
  settled(runId: string): Promise<number>;
  get(runId: string, shard: number): Promise<Stored<ShardRecord> | null>;
  /** Writes a new row, or replaces the one that was read. False when it has changed since. */
  write(runId: string, record: ShardRecord, etag: string | null, lease?: Lease): Promise<boolean>;
}

const SHARD_COLUMNS: Columns<ShardRecord> = {
  shard: 'value',
  begunAt: 'value',
  committedAt: 'value',
  givenUpAt: 'value',
  removed: 'value',
  closedByRemoval: 'value',
  tally: 'json',
  controlHeld: 'value',
  control: 'json',
  roles: 'json',
  throttled: 'value',
  waitedMs: 'value',
};

export function createShardStore(tables: Tables): ShardStore {
  const table = () => tables.open('Runs');

  return {
    async all(runId) {
      const rows = await collect(await table(), `PartitionKey eq ${quoted(runId)}`);
      return rows.map((row) => fromRow(row, SHARD_COLUMNS));
    },

    async settled(runId) {
      const filter = and(`PartitionKey eq ${quoted(runId)}`, `committedAt gt '' or givenUpAt gt ''`);
      return (await collect(await table(), filter, { select: ['RowKey'] })).length;
    },

    async get(runId, shard) {
      const row = await (await table()).get(runId, shardRow(shard));
      return row && { value: fromRow(row, SHARD_COLUMNS), etag: row.etag };
    },

    async write(runId, record, etag, lease) {
      const entity = toRow({ partition: runId, row: shardRow(record.shard) }, record, SHARD_COLUMNS);
      const action: TransactionAction = etag === null ? ['create', entity] : ['update', entity, 'Replace', { etag }];
      return (await table()).write([action], lease);
    },
  };
}

function shardRow(shard: number): string {
  return String(shard).padStart(6, '0');
}
