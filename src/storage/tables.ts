// The only code that calls Azure Table Storage. It turns failures into `storage-unavailable`.
import type { TableClient, TableServiceClient, TransactionAction } from '@azure/data-tables';
import PQueue from 'p-queue';
import { MailscopeError } from '../errors.ts';
import { cutWord, LONGEST } from '../rules/foreignText.ts';
import type { StorageSettings } from '../settings/settings.ts';
import { CallLimitError, limited } from './callLimit.ts';
import { onceEach } from './onceEach.ts';
import { storageCredential } from './storageCredential.ts';

/** A row as it is read. A null value has no column. */
export interface Row extends Readonly<Record<string, unknown>> {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly etag: string;
}

/** The time within which a shard may write. */
export interface Lease {
  remainingMs(): number;
  /** Throws when the time is over. */
  check(): void;
  /** Fires a little later, and ends the requests that are still under way. */
  readonly signal: AbortSignal;
}

export interface ListOptions {
  readonly select?: readonly string[];
  readonly pageSize?: number;
}

export interface Table {
  /** Null when there is no such row. */
  get(partition: string, row: string): Promise<Row | null>;
  /** Pages of the rows that fit the OData filter, by key. No pages when the table does not exist. */
  list(filter: string, options?: ListOptions): AsyncIterable<readonly Row[]>;
  /**
   * Writes up to a hundred changes of one partition: all or nothing. False when a row was in another state than the
   * changes require: it existed already, was gone, or had changed. Nothing is sent after the lease is over.
   */
  write(actions: readonly TransactionAction[], lease?: Lease): Promise<boolean>;
  /** Deletes a row. False when its ETag has changed; true also when the row was already gone. */
  remove(partition: string, row: string, etag: string, lease?: Lease): Promise<boolean>;
}

export interface Tables {
  /** The table. Each instance creates it once if it is missing. */
  open(name: string): Promise<Table>;
  /** The table for reading, without creating it. It may not exist. */
  existing(name: string): Promise<Table>;
  /** The names of the tables with this prefix. */
  names(prefix: string): Promise<readonly string[]>;
  drop(name: string): Promise<void>;
}

// A transaction of real storage takes 40 ms, and eight at a time cover that. At an emulator more would only queue up.
const WRITES_IN_FLIGHT = 8;
const OPTIONS = {
  // The emulator on this machine uses plain http.
  allowInsecureConnection: true,
  retryOptions: { maxRetries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 3_000 },
};
const REQUEST = { requestOptions: { timeout: 10_000 } };

type Sdk = typeof import('@azure/data-tables');

/** Loads the storage library with the first table, so a process without storage does not pay for it. */
export function createTables(settings: StorageSettings): Tables {
  const writes = new PQueue({ concurrency: WRITES_IN_FLIGHT });
  const clients = onceEach((name) => connect(settings, (sdk, connection) => tableClient(sdk, connection, name)));
  const created = onceEach(create);

  async function create(name: string): Promise<Table> {
    const table = await clients.get(name);
    await attempt((abortSignal) => table.createTable({ ...REQUEST, abortSignal }));
    // Where one table was deleted, the others often were too. To create one that exists does no harm.
    return toTable(table, writes, created.forgetAll);
  }

  return {
    open: created.get,
    existing: async (name) => toTable(await clients.get(name), writes, created.forgetAll),
    async names(prefix) {
      const service = await connect(settings, serviceClient);
      const names: string[] = [];
      await attempt(async (abortSignal) => {
        const tables = service.listTables({ ...REQUEST, abortSignal });
        for await (const { name = '' } of tables) if (name.startsWith(prefix)) names.push(name);
      });
      return names.sort();
    },
    async drop(name) {
      const table = await clients.get(name);
      created.forget(name);
      await attempt((abortSignal) => table.deleteTable({ ...REQUEST, abortSignal }), { expected: [404, 409] });
    },
  };
}

function toTable(client: TableClient, writes: PQueue, onMissing: () => void): Table {
  /** A shard's writes take turns. Others are few, and must not wait behind a shard. */
  const inTurn = <T>(lease: Lease | undefined, send: () => Promise<T>) => (lease ? writes.add(send) : send());
  return {
    async get(partition, row) {
      const read = (abortSignal: AbortSignal) => client.getEntity(partition, row, { ...REQUEST, abortSignal });
      const found = await attempt(read, { expected: [404] });
      return found ? (found as unknown as Row) : null;
    },
    async *list(filter, { select, pageSize = 1_000 } = {}) {
      const queryOptions = { filter, ...(select ? { select: [...select] } : {}) };
      // Each page has the whole time, and all share the signal.
      const controller = new AbortController();
      const options = { ...REQUEST, queryOptions, abortSignal: controller.signal };
      const pages = client.listEntities(options).byPage({ maxPageSize: pageSize });
      for (;;) {
        const next = await attempt(() => pages.next(), { expected: [404], controller });
        if (!next || next.done) return;
        yield next.value as unknown as readonly Row[];
      }
    },
    async write(actions, lease) {
      const send = () => {
        lease?.check();
        const submit = (abortSignal: AbortSignal) =>
          client.submitTransaction([...actions], { ...REQUEST, abortSignal });
        return attempt(submit, { expected: [404, 409, 412], lease, onMissing });
      };
      return (await inTurn(lease, send)) !== null;
    },
    async remove(partition, row, etag, lease) {
      const send = () => {
        lease?.check();
        const erase = (abortSignal: AbortSignal) =>
          client.deleteEntity(partition, row, { ...REQUEST, abortSignal, etag });
        return attempt(erase, { expected: [412, 404], lease });
      };
      const gone = await inTurn(lease, send);
      return gone !== null || (await this.get(partition, row)) === null;
    },
  };
}

/** "Performing entity group transactions": a hundred rows of one partition. */
export const LARGEST_TRANSACTION = 100;

/** Items of one row each, in groups that fit into one transaction. */
export function inTransactions<T>(items: readonly T[], partitionOf: (item: T) => string): T[][] {
  return [...Map.groupBy(items, partitionOf).values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / LARGEST_TRANSACTION) }, (_, index) =>
      group.slice(index * LARGEST_TRANSACTION, (index + 1) * LARGEST_TRANSACTION),
    ),
  );
}

/**
 * Writes all that can be written. Where one row stands in the way of its transaction, each item is tried by itself.
 *
 * @param groups items whose rows fit into one transaction: one partition, a hundred rows
 * @returns the items that were refused by themselves
 */
export async function writeGroups<T>(
  table: Table,
  groups: readonly (readonly T[])[],
  actionsOf: (item: T) => readonly TransactionAction[],
  lease?: Lease,
): Promise<T[]> {
  const refused: T[] = [];
  const write = async (group: readonly T[]): Promise<void> => {
    const [only] = group;
    if (only === undefined || (await table.write(group.flatMap(actionsOf), lease))) return;
    if (group.length === 1) refused.push(only);
    else await Promise.all(group.map((one) => write([one])));
  };
  await Promise.all(groups.map(write));
  return refused;
}

interface AttemptOptions {
  /** Status codes that are an answer. */
  readonly expected?: readonly number[];
  /** Ends the call in place of the limit. */
  readonly lease?: Lease | undefined;
  readonly controller?: AbortController;
  readonly onMissing?: () => void;
}

/** Null for the expected status codes; throws `storage-unavailable` for every other failure. */
async function attempt<T>(work: (signal: AbortSignal) => Promise<T>, options: AttemptOptions = {}): Promise<T | null> {
  const { expected = [], lease, controller, onMissing } = options;
  try {
    return await (lease ? work(lease.signal) : limited(work, undefined, controller));
  } catch (cause) {
    const { statusCode = 0, code = '' } = failureOf(cause);
    // The table itself is gone or is being deleted, so this is no conflict of a row.
    const tableGone = code === 'TableNotFound' || code === 'TableBeingDeleted';
    if (tableGone) onMissing?.();
    if (expected.includes(statusCode) && !(tableGone && onMissing)) return null;
    const answered = statusCode ? `it answered ${statusCode} ${code}`.trim() : 'it cannot be reached';
    const what = cause instanceof CallLimitError ? cause.message : answered;
    throw new MailscopeError('storage-unavailable', `The storage account cannot be used: ${what}.`, { cause });
  }
}

/** The status and code of a failed call of a storage library. */
export function failureOf(error: unknown): { readonly statusCode?: number; readonly code?: string } {
  // A RestError of the library. A transaction has its code on the error, other calls have it in the details.
  const { statusCode, code, details } = error as {
    readonly statusCode?: number;
    readonly code?: string;
    readonly details?: { readonly odataError?: { readonly code?: string } };
  };
  const found = details?.odataError?.code ?? code;
  return {
    ...(statusCode === undefined ? {} : { statusCode }),
    ...(found === undefined ? {} : { code: cutWord(String(found), LONGEST.code) }),
  };
}

async function connect<T>(settings: StorageSettings, open: (sdk: Sdk, settings: StorageSettings) => Promise<T>) {
  return open(await import('@azure/data-tables'), settings);
}

async function tableClient(sdk: Sdk, settings: StorageSettings, name: string): Promise<TableClient> {
  if (settings.kind === 'connection-string') {
    return sdk.TableClient.fromConnectionString(settings.value.reveal(), name, OPTIONS);
  }
  return new sdk.TableClient(settings.tableServiceUri, name, await storageCredential(settings), OPTIONS);
}

async function serviceClient(sdk: Sdk, settings: StorageSettings): Promise<TableServiceClient> {
  if (settings.kind === 'connection-string') {
    return sdk.TableServiceClient.fromConnectionString(settings.value.reveal(), OPTIONS);
  }
  return new sdk.TableServiceClient(settings.tableServiceUri, await storageCredential(settings), OPTIONS);
}
