// The row `alerts`, `cursor` of the table `Runs`: up to which run the receiver has accepted alerts.
import { type Columns, fromRow, toRow } from './rows.ts';
import type { Stored } from './runStore.ts';
import type { Tables } from './tables.ts';

/** The runs after number `after`, up to number `upTo`, and the starts of these two; ISO 8601 UTC. */
export interface RunRange {
  readonly after: number;
  readonly upTo: number;
  readonly from: string;
  readonly to: string;
}

/** What is to be announced, and up to which run. */
export interface Due {
  /** The id of the newest run in it. The receiver sees this id. */
  readonly id: string;
  /** ISO 8601 UTC. */
  readonly takenAt: string;
  readonly breaches: RunRange;
  /** Everything but breaches; null while a pause holds it. */
  readonly rest: RunRange | null;
  /** True for the first attempt ever: drift that is already open then counts as opened. */
  readonly first: boolean;
  readonly monitor: 'blind' | 'seeing' | null;
  /** Whether mailboxes are unverified because the monitor itself is blind. */
  readonly blind: boolean;
  readonly rolesGained: readonly string[];
  readonly rolesLost: readonly string[];
  /** The read roles that are known after this attempt. */
  readonly roles: readonly string[];
}

/** What is being announced. Once it is sealed it follows from this and the tables alone: it is the same however often it is sent. */
export interface Attempt extends Due {
  /** Tells apart those who stamp the drift of this attempt, one after the other or by mistake at the same time. */
  readonly pass: string;
  /** Whether its drift is stamped: from then on nothing joins it. */
  readonly sealed: boolean;
}

/** What an attempt writes on the drift that it announces. */
export function stampOf({ id, pass }: Pick<Attempt, 'id' | 'pass'>): string {
  return `${id}~${pass}`;
}

export interface Cursor {
  /** Numbers and starts of the runs up to which alerts were accepted. */
  readonly breachesUpTo: number;
  readonly breachesAt: string;
  readonly restUpTo: number;
  readonly restAt: string;
  /** Whether an alert has said that the monitor is blind. */
  readonly blind: boolean;
  readonly roles: readonly string[];
  readonly attempt: Attempt | null;
  /** The stamp of the attempt before: drift with another one of the same id was stamped too late and is still due. */
  readonly lastStamp: string | null;
  /** A process is sending the attempt until this time; ISO 8601 UTC. */
  readonly claimedUntil: string | null;
  readonly lastError: string | null;
  readonly lastAcceptedAt: string | null;
}

export interface CursorStore {
  get(): Promise<Stored<Cursor> | null>;
  /** Replaces the cursor, or writes the first one. False when it has changed since it was read. */
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
  lastStamp: 'value',
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
