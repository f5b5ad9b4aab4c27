// The list of mailboxes: the settings and MAILBOXES_FILE together. The file is read again only after a change.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { BlobClient } from '@azure/storage-blob';
import { MailscopeError } from '../errors.ts';
import type { Expectation } from '../rules/mailbox.ts';
import type { ListFile, Settings, StorageSettings } from '../settings/settings.ts';
import { limited } from './callLimit.ts';
import { type ReadList, readListCsv } from './listCsv.ts';
import { onceEach } from './onceEach.ts';
import { type Plan, planShards } from './plan.ts';
import { storageCredential } from './storageCredential.ts';

/** A file or a blob, and a text that differs from version to version. */
interface Source {
  version(): Promise<string>;
  open(): Promise<Readable>;
  /** What an error means that came while the stream was read. */
  unreadable(cause: unknown): MailscopeError;
}

/** The list as it is now, or as it was ten seconds ago. `again` looks at the file in any case. */
export type List = (again?: boolean) => Promise<Plan>;

/** The shortest time between two looks at the file. */
const LOOK_AGAIN_MS = 10_000;

/**
 * Cuts the list into shards, once for each version of the file.
 *
 * @returns a function that rejects with `configuration-invalid` and all faults, or with `storage-unavailable` for a
 *   blob. A list with faults is read again after a change, and what could not be read is tried again at once.
 */
export function createList(settings: Settings, now: () => Date): List {
  const { mailboxes, listFile, listSetting, shardSize, storage } = settings;
  if (!listFile) {
    const plan = planShards(mailboxes, shardSize);
    return async () => plan;
  }
  const invalid = invalidBy(listSetting);
  const source =
    listFile.kind === 'path' ? fileSource(listFile.path, invalid) : blobSource(listFile, storage, listSetting, invalid);
  let version: string | undefined;
  let list: Promise<Plan | MailscopeError> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  return async (again = false) => {
    const ageMs = now().getTime() - lookedAt;
    // A clock that was set back would make it wait for that long.
    if (!again && list && ageMs >= 0 && ageMs < LOOK_AGAIN_MS) return planIn(await list);
    const found = await source.version();
    lookedAt = now().getTime();
    if (list && found === version) return planIn(await list);
    version = found;
    const reading = read(source, mailboxes, shardSize, invalid);
    list = reading;
    reading.catch(() => {
      if (list === reading) list = undefined;
    });
    return planIn(await reading);
  };
}

function planIn(read: Plan | MailscopeError): Plan {
  if (read instanceof MailscopeError) throw read;
  return read;
}

/** The plan, or the faults of the list. Rejects when the list could not be read. */
async function read(
  source: Source,
  declared: ReadonlyMap<string, Expectation>,
  shardSize: number,
  invalid: Invalid,
): Promise<Plan | MailscopeError> {
  const { mailboxes, faults } = await readAll(source, declared);
  if (faults.length > 0) return invalid(faults);
  for (const [mailbox, expectation] of declared) mailboxes.set(mailbox, expectation);
  const isReadable = [...mailboxes.values()].includes('allowed');
  if (!isReadable) {
    return invalid([
      'no mailbox is allowed. List one that the app can read: without one, a refusal of the others proves nothing',
    ]);
  }
  return planShards(mailboxes, shardSize);
}

async function readAll(source: Source, declared: ReadonlyMap<string, Expectation>): Promise<ReadList> {
  const opened = await source.open();
  try {
    return await readListCsv(opened, declared);
  } catch (cause) {
    throw source.unreadable(cause);
  }
}

/** Makes the error for the faults of a list. */
type Invalid = (faults: readonly string[], cause?: unknown) => MailscopeError;

function invalidBy(setting: string): Invalid {
  return (faults, cause) => {
    const texts = faults.map((fault) => `${setting}: ${fault}.`);
    return new MailscopeError('configuration-invalid', texts.join(' '), { faults: texts, cause });
  };
}

function fileSource(path: string, invalid: Invalid): Source {
  return {
    async version() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs} ${size} ${ino}`;
      } catch (cause) {
        // The host runs the app in the package's folder, so a relative path begins there.
        const text = `the file ${path} cannot be found or read. A relative path begins at the folder of the app`;
        throw invalid([text], cause);
      }
    },
    open: async () => createReadStream(path),
    unreadable(cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      if (code === 'EISDIR') return invalid([`${path} is a folder. Name the CSV file in it`], cause);
      const advice =
        code === 'EACCES' || code === 'EPERM' ? 'Give the app the right to read it' : 'Check the file and its disk';
      return invalid([`the file ${path} cannot be read (${code}). ${advice}`], cause);
    },
  };
}

function blobSource(
  { container, name }: Extract<ListFile, { kind: 'blob' }>,
  storage: StorageSettings,
  setting: string,
  invalid: Invalid,
): Source {
  const opened = onceEach(() => connect(storage, container, name));
  const attempt = async <T>(work: (blob: BlobClient, abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      const client = await opened.get(name);
      return await limited((abortSignal) => work(client, abortSignal));
    } catch (cause) {
      const { statusCode } = cause as { readonly statusCode?: number };
      if (statusCode === 404) throw invalid([`the blob ${container}/${name} does not exist`]);
      throw unreadable(cause);
    }
  };
  const unreadable = (cause: unknown) =>
    new MailscopeError('storage-unavailable', `The blob that ${setting} names cannot be read.`, { cause });
  return {
    version: () => attempt(async (blob, abortSignal) => (await blob.getProperties({ abortSignal })).etag ?? ''),
    // The whole text, so that a connection that stalls or breaks is a failure of storage.
    open: async () =>
      Readable.from([await attempt((blob, abortSignal) => blob.downloadToBuffer(0, undefined, { abortSignal }))]),
    unreadable,
  };
}

async function connect(storage: StorageSettings, container: string, name: string): Promise<BlobClient> {
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const options = {
    retryOptions: { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 3_000, tryTimeoutInMs: 10_000 },
  };
  const service =
    storage.kind === 'connection-string'
      ? BlobServiceClient.fromConnectionString(storage.value.reveal(), options)
      : new BlobServiceClient(storage.blobServiceUri ?? '', await storageCredential(storage), options);
  return service.getContainerClient(container).getBlobClient(name);
}
