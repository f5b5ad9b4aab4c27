// The app's services in this process, with their own sandbox tenant and storage account.
import { vi } from 'vitest';
import { createScopes, type Scopes, type Services } from '../../src/services.ts';
import { createList } from '../../src/storage/mailboxList.ts';
import type { ShardMessage } from '../../src/storage/queues.ts';
import { tablesOfScope } from '../../src/storage/scopeTables.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { createTables, type Table, type Tables } from '../../src/storage/tables.ts';
import { type Emulator, startEmulator } from './emulator.ts';
import { type Switches, settingsFor, startTenant } from './localApp.ts';

export interface World {
  readonly tenant: Switches;
  readonly emulator: Emulator;
  /** Settings for a new storage account. */
  settings(more?: Record<string, string>): Record<string, string>;
  close(): Promise<void>;
}

/** Make one in each test file: the identity library keeps the endpoint that it found until its process ends. */
export async function startWorld(): Promise<World> {
  const [tenant, emulator] = await Promise.all([startTenant(), startEmulator()]);
  const base = settingsFor(tenant.sandbox.url) as Record<string, string>;
  for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER']) vi.stubEnv(name, base[name]);
  return {
    tenant,
    emulator,
    settings: (more = {}) => ({
      ...base,
      ALLOWED_MAILBOXES: 'support@contoso.example',
      DENIED_MAILBOXES: 'cch@contoso.example',
      PROPAGATION_MINUTES: '0',
      AzureWebJobsStorage: emulator.nextAccount(),
      ...more,
    }),
    async close() {
      await Promise.all([tenant.sandbox.close(), emulator.part.stop()]);
    },
  };
}

export interface TestApp extends Services {
  readonly logs: { readonly event: string; readonly [key: string]: unknown }[];
  /** Moves the clock of the app. */
  advance(ms: number): void;
  /** The messages on the queue. */
  readonly sent: ShardMessage[];
  readonly alerts: string[];
  /** The messages of other apps that were sent again. */
  readonly returned: { readonly queue: string; readonly message: object }[];
}

/** A hook that is called before each write of a table, and may throw or wait. */
export type BeforeWrite = (table: string) => void | Promise<void>;

/** What a write answers: false is what it says when the answer of an applied write was lost and the library sent it again. */
export type AnswerOf = (table: string, written: boolean) => boolean;

/** An app with a clock that a test can move, writes that can fail, and a list as its queue: its first scope. */
export function createApp(
  settings: Record<string, string>,
  beforeWrite: BeforeWrite = () => undefined,
  answerOf: AnswerOf = (_, written) => written,
): TestApp {
  return createApps(settings, beforeWrite, answerOf)[0];
}

/** The same for each scope. */
export function createApps(
  settings: Record<string, string>,
  beforeWrite: BeforeWrite = () => undefined,
  answerOf: AnswerOf = (_, written) => written,
): [TestApp, ...TestApp[]] {
  const logs: TestApp['logs'] = [];
  const log = (_level: string, event: string, data?: object) => void logs.push({ event, ...data });
  const [first, ...others] = createScopes(settings, log).all;
  const make = (services: Services) => testApp(services, logs, beforeWrite, answerOf);
  return [make(first), ...others.map(make)];
}

/** Apps as the scopes of one process. */
export function asScopes(...all: [Services, ...Services[]]): Scopes {
  return { faults: [], all, find: (name = 'default') => all.find(({ scope }) => scope === name) };
}

function testApp(services: Services, logs: TestApp['logs'], beforeWrite: BeforeWrite, answerOf: AnswerOf): TestApp {
  const sent: ShardMessage[] = [];
  const alerts: string[] = [];
  const returned: TestApp['returned'] = [];
  let offsetMs = 0;
  let storage: ReturnType<Services['storage']> | undefined;
  let list: Services['list'] | undefined;
  const now = () => new Date(Date.now() + offsetMs);
  return {
    ...services,
    logs,
    sent,
    alerts,
    returned,
    now,
    async list(again) {
      list ??= createList(services.settings(), now);
      return list(again);
    },
    advance(ms) {
      offsetMs += ms;
    },
    storage() {
      const tables = tablesOfScope(
        watched(createTables(services.settings().storage), beforeWrite, answerOf),
        services.scope,
      );
      storage ??= {
        ...openStorage(services.settings().storage, tables),
        queues: {
          sendShards: async (list) => void sent.push(...list),
          sendAlert: async ({ runId }) => void alerts.push(runId),
          sendBack: async (queue, message) => void returned.push({ queue, message }),
        },
      };
      return storage;
    },
  };
}

function watched(tables: Tables, beforeWrite: BeforeWrite, answerOf: AnswerOf): Tables {
  const watch = (name: string, table: Table): Table => ({
    ...table,
    async write(actions, lease) {
      await beforeWrite(name);
      return answerOf(name, await table.write(actions, lease));
    },
    async remove(partition, row, etag, lease) {
      await beforeWrite(name);
      return table.remove(partition, row, etag, lease);
    },
  });
  return { ...tables, open: async (name) => watch(name, await tables.open(name)) };
}
