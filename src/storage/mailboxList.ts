// The list of mailboxes: the settings and MAILBOXES_FILE together. The file is read again only after a change.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { BlobClient } from '@azure/storage-blob';
import { MailscopeError } from '../errors.ts';
import type { Expectation } from '../rules/mailbox.ts';
import type { ListFile, Settings, StorageSettings } from '../settings/settings.ts';
import { limited } from './callLimit.ts';
import { readListCsv } from './listCsv.ts';
import { onceEach } from './onceEach.ts';
import { type Plan, planShards } from './plan.ts';
import { storageCredential } from './storageCredential.ts';

/** A file or a blob, and a text that differs from version to version. */
interface Source {
  version(): Promise<string>;
  open(): Promise<Readable>;
}

/** The shortest time between two looks at the file. */
const LOOK_AGAIN_MS = 10_000;

/**
 * Cuts the list into shards, once for each version of the file.
 *
 * @returns a function that rejects with `configuration-invalid` and all faults, or with `storage-unavailable` for a
 *   blob
 */
export function createList(settings: Settings, now: () => Date): () => Promise<Plan> {
  const { mailboxes, listFile, shardSize, storage } = settings;
  if (!listFile) {
    const plan = planShards(mailboxes, shardSize);
    return async () => plan;
  }
  const source = listFile.kind === 'path' ? fileSource(listFile.path) : blobSource(listFile, storage);
  let version: string | undefined;
  let list: Promise<Plan> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  return async () => {
    const ageMs = now().getTime() - lookedAt;
    // A clock that was set back would make it wait for that long.
    if (list && ageMs >= 0 && ageMs < LOOK_AGAIN_MS) return list;
    const found = await source.version();
    lookedAt = now().getTime();
    if (list && found === version) return list;
    version = found;
    list = read(source, mailboxes, shardSize);
    // A storage error is tried again. A fault in the list stays until the list changes.
    list.catch((error) => {
      if (error instanceof MailscopeError && error.code === 'storage-unavailable') list = undefined;
    });
    return list;
  };
}

async function read(source: Source, declared: ReadonlyMap<string, Expectation>, shardSize: number): Promise<Plan> {
  const { mailboxes, faults } = await readListCsv(await source.open(), declared);
  if (faults.length > 0) throw invalid(faults);
  for (const [mailbox, expectation] of declared) mailboxes.set(mailbox, expectation);
  const isReadable = [...mailboxes.values()].includes('allowed');
  if (!isReadable) {
    throw invalid([
      'no mailbox is allowed. List one that the app can read: without one, a refusal of the others proves nothing',
    ]);
  }
  return planShards(mailboxes, shardSize);
}

function invalid(faults: readonly string[]): MailscopeError {
  const texts = faults.map((fault) => `MAILBOXES_FILE: ${fault}.`);
  return new MailscopeError('configuration-invalid', texts.join(' '), { faults: texts });
}

function fileSource(path: string): Source {
  return {
    async version() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs} ${size} ${ino}`;
      } catch {
        // The host runs the app in the package's folder, so a relative path begins there.
        throw invalid([`the file ${path} cannot be found or read. A relative path begins at the folder of the app`]);
      }
    },
    open: async () => createReadStream(path),
  };
}

function blobSource({ container, name }: Extract<ListFile, { kind: 'blob' }>, storage: StorageSettings): Source {
  const opened = onceEach(() => connect(storage, container, name));
  const attempt = async <T>(work: (blob: BlobClient, abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      const client = await opened.get(name);
      return await limited((abortSignal) => work(client, abortSignal));
    } catch (cause) {
      const { statusCode } = cause as { readonly statusCode?: number };
      if (statusCode === 404) throw invalid([`the blob ${container}/${name} does not exist`]);
      throw new MailscopeError('storage-unavailable', 'The blob that MAILBOXES_FILE names cannot be read.', { cause });
    }
  };
  return {
    version: () => attempt(async (blob, abortSignal) => (await blob.getProperties({ abortSignal })).etag ?? ''),
    // The whole text, so that a connection that stalls or breaks is a failure of storage.
    open: async () =>
      Readable.from([await attempt((blob, abortSignal) => blob.downloadToBuffer(0, undefined, { abortSignal }))]),
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
