// The row `alerts`, `cursor` of the table `Runs`: how far alerts were accepted.
import { type Columns, fromRow, toRow } from './rows.ts';
import type { Stored } from './runStore.ts';
import type { Tables } from './tables.ts';

/** Runs after one, up to another, by number, with their starts; ISO 8601 UTC. */
export interface RunRange {
  readonly after: number;
  readonly upTo: number;
  readonly from: string;
  readonly to: string;
}

/** What is being announced. It follows from this and the tables alone, so that it is the same however often it is tried. */
export interface Attempt {
  /** The id of the run whose message took it: the id that the receiver sees. */
  readonly id: string;
  /** ISO 8601 UTC. */
  readonly takenAt: string;
  readonly breaches: RunRange;
  /** Everything but breaches; null while a pause holds it. */
  readonly rest: RunRange | null;
  /** Without a cursor before: drift that is open counts as opened. */
  readonly first: boolean;
  readonly monitor: 'blind' | 'seeing' | null;
  /** Whether unverified drift is the monitor's own blindness. */
  readonly blind: boolean;
  readonly rolesGained: readonly string[];
  readonly rolesLost: readonly string[];
  /** The read roles known after it. */
  readonly roles: readonly string[];
}

export interface Cursor {
  /** Numbers and starts of the runs up to which alerts were accepted. */
  readonly breachesUpTo: number;
  readonly breachesAt: string;
  readonly restUpTo: number;
  readonly restAt: string;
  /** Whether it was announced that the monitor is blind. */
  readonly blind: boolean;
  readonly roles: readonly string[];
  readonly attempt: Attempt | null;
  /** Until when somebody is sending the attempt; ISO 8601 UTC. */
  readonly claimedUntil: string | null;
  readonly lastError: string | null;
  readonly lastAcceptedAt: string | null;
}

export interface CursorStore {
  get(): Promise<Stored<Cursor> | null>;
  /** Replaces the cursor as it was read, or writes the first; false when it is not as it was read. */
  write(cursor: Cursor, etag: string | null): Promise<boolean>;
}

const POSITION = { partition: 'alerts', row: 'cursor' };

const COLUMNS: Columns<Cursor> = {
  breachesUpTo: 'value',
  breachesAt: 'value',
  restUpTo: 'value',
  restAt: 'value',
  blind: 'value',
  roles: 'json',
  attempt: 'json',
  claimedUntil: 'value',
  lastError: 'value',
  lastAcceptedAt: 'value',
};

export function createCursorStore(tables: Tables): CursorStore {
  return {
    async get() {
      const row = await (await tables.open('Runs')).get(POSITION.partition, POSITION.row);
      return row && { value: fromRow(row, COLUMNS), etag: row.etag };
    },
    async write(cursor, etag) {
      const entity = toRow(POSITION, cursor, COLUMNS);
      const table = await tables.open('Runs');
      return table.write([etag === null ? ['create', entity] : ['update', entity, 'Replace', { etag }]]);
    },
  };
}
