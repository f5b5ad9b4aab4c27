// Adds a month of runs, and what they saw of one mailbox, to tables that hold one run.
import { TableClient, TableServiceClient, type TransactionAction } from '@azure/data-tables';

const INTERVAL_MS = 15 * 60_000;
const RUNS = 31 * 96;
const LARGEST_TRANSACTION = 100;
const CLIENT = { allowInsecureConnection: true };

type Row = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

/** Every 15 minutes before the run that there is. */
export async function addMonth(connection: string, mailbox: string): Promise<void> {
  const service = TableServiceClient.fromConnectionString(connection, CLIENT);
  for await (const { name = '' } of service.listTables()) {
    const table = TableClient.fromConnectionString(connection, name, CLIENT);
    if (name === 'Runs') await addEarlier(table, await only(table, `PartitionKey eq 'run' and RowKey lt ':'`));
    else if (name.startsWith('Observations'))
      await addEarlier(table, await only(table, `mailbox eq '${mailbox.replaceAll("'", "''")}'`));
  }
}

async function only(table: TableClient, filter: string): Promise<Row> {
  for await (const row of table.listEntities({ queryOptions: { filter } })) return row as unknown as Row;
  throw new Error(`${table.tableName} has no row for ${filter}`);
}

/** Copies a row with earlier times. The copies of an observation stay in its table, whatever their month. */
async function addEarlier(table: TableClient, row: Row): Promise<void> {
  const { etag: _, timestamp: __, ...kept } = row as Record<string, unknown>;
  const copies = Array.from({ length: RUNS }, (___, index): TransactionAction => {
    // A key holds the largest number less the run's own. The first run has the number 1, so only higher ones are free.
    const key = row.rowKey.replace(/\d{10}$/, (digits) => String(Number(digits) - 1 - index).padStart(10, '0'));
    const times = ['startedAt', 'finishedAt', 'touchedAt', 'checkedAt'].flatMap((name) =>
      typeof kept[name] === 'string'
        ? [[name, new Date(Date.parse(kept[name]) - (RUNS - index) * INTERVAL_MS).toISOString()]]
        : [],
    );
    // The next run takes the number after the highest.
    const number = typeof kept.number === 'number' ? { number: kept.number + 1 + index } : {};
    const entity = { ...kept, ...Object.fromEntries(times), ...number, partitionKey: row.partitionKey, rowKey: key };
    return ['create', entity];
  });
  for (let from = 0; from < copies.length; from += LARGEST_TRANSACTION) {
    await table.submitTransaction(copies.slice(from, from + LARGEST_TRANSACTION));
  }
}
