// The services that are passed to all code: settings, Graph, storage, the clock and the log. Each scope has its own.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { MailscopeError } from './errors.ts';
import { createGraph, type Graph } from './graph/client.ts';
import { createTokenFetcher } from './graph/credential.ts';
import { createLimiter, createRoom, type Limiter, type Room } from './graph/limiter.ts';
import { createTokens, type Tokens } from './graph/tokens.ts';
import { createLog, type Log, type LogSink, logOfScope } from './log.ts';
import { type GraphIdentity, identityKey } from './settings/identity.ts';
import { type Adapt, DEFAULT_SCOPE, readScopes, type ScopeConfiguration } from './settings/scopes.ts';
import type { Configuration, Environment, SettingFault, Settings, StorageSettings } from './settings/settings.ts';
import { createList, type List } from './storage/mailboxList.ts';
import { createQueues, type Queues } from './storage/queues.ts';
import { queuesOfScope, tablesOfScope } from './storage/scopeTables.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { createTables, type Tables } from './storage/tables.ts';

/** `settings`, and all that needs them, throw `configuration-invalid` with every fault. */
export interface Services {
  /** The name of the scope. */
  readonly scope: string;
  /** Whether the process has other scopes too. Then texts for people name the scope. */
  readonly isOneOfSeveral: boolean;
  readonly configuration: Configuration;
  settings(): Settings;
  graph(): Graph;
  /** Limits the calls to Graph that this process has in flight. */
  limiter(): Limiter;
  storage(): Storage;
  /** The list of mailboxes. Rejects with `configuration-invalid` and every fault of its file. */
  readonly list: List;
  /** The environment of the scope. It holds `WEBSITE_HOSTNAME` on the platform. */
  readonly environment: Environment;
  /** When this process loaded the app. */
  readonly startedAt: Date;
  now(): Date;
  sleep(ms: number): Promise<void>;
  /** Between 0 and 1. */
  random(): number;
  newId(): string;
  readonly log: Log;
}

/** All scopes of a process. */
export interface Scopes {
  /** Faults of settings that are for all scopes alike, or of a scope that is not listed. */
  readonly faults: readonly SettingFault[];
  /** At least one, in the order of `SCOPES`. */
  readonly all: readonly [Services, ...Services[]];
  /** The scope with this name; undefined when there is none. Messages of an earlier version name none. */
  find(name?: string): Services | undefined;
}

const loadedAt = new Date();

/** Builds the services of a process. Each is opened once, when it is first used. */
export function createScopes(environment: Environment, log: Log, adapt?: Adapt): Scopes {
  const { faults, scopes } = readScopes(environment, adapt);
  const shared = createShared();
  const make = (scope: ScopeConfiguration) => servicesOf(scope, scopes.length > 1, shared, logOfScope(log, scope.name));
  const [first, ...others] = scopes;
  return scopesOf(faults, [make(first), ...others.map(make)]);
}

/** The services of the first scope. */
export function createServices(environment: Environment, log: Log): Services {
  return createScopes(environment, log).all[0];
}

function scopesOf(faults: Scopes['faults'], all: Scopes['all']): Scopes {
  return { faults, all, find: (name = DEFAULT_SCOPE) => all.find(({ scope }) => scope === name) };
}

/** What the scopes of a process share. Whatever it is made from is the same for all of them. */
interface Shared {
  room(concurrency: number): Room;
  tables(settings: StorageSettings): Tables;
  queues(settings: StorageSettings): Queues;
  /** Scopes with the same identity and endpoint share a token. */
  tokens(identity: GraphIdentity, endpoint: string, make: () => Tokens): Tokens;
  /** Scopes with the same list read and cut it once: it may have a hundred thousand lines. */
  list(settings: Settings, make: () => List): List;
}

function createShared(): Shared {
  const tokens = new Map<string, Tokens>();
  const lists = new Map<string, List>();
  return {
    room: onceOf(createRoom),
    tables: onceOf(createTables),
    queues: onceOf(createQueues),
    tokens: (identity, endpoint, make) => getOrMake(tokens, JSON.stringify([identityKey(identity), endpoint]), make),
    list: ({ mailboxes, listFile, listSetting, shardSize }, make) =>
      getOrMake(lists, JSON.stringify([[...mailboxes], listFile, listSetting, shardSize]), make),
  };
}

function servicesOf(
  { name: scope, environment, ...configuration }: ScopeConfiguration,
  isOneOfSeveral: boolean,
  shared: Shared,
  log: Log,
): Services {
  const now = () => new Date();
  const random = Math.random;
  const newId = () => randomUUID();

  function settings(): Settings {
    if (configuration.settings) return configuration.settings;
    const faults = configuration.faults.map((fault) => fault.message);
    throw new MailscopeError('configuration-invalid', faults.join(' '), { faults });
  }

  const list = once(() => shared.list(settings(), () => createList(settings(), now)));

  return {
    scope,
    isOneOfSeveral,
    configuration,
    settings,
    graph: once(() => {
      const { graphEndpoint: endpoint, graphIdentity, resource } = settings();
      const make = () => createTokens(createTokenFetcher(graphIdentity, endpoint), log, now);
      const tokens = shared.tokens(graphIdentity, endpoint, make);
      return createGraph({ endpoint, resource, tokens, now, random, newId });
    }),
    limiter: once(() => createLimiter(shared.room(settings().pollConcurrency))),
    storage: once(() => {
      const { storage } = settings();
      const [tables, queues] = [shared.tables(storage), shared.queues(storage)];
      return openStorage(storage, tablesOfScope(tables, scope), queuesOfScope(queues, scope));
    }),
    list: async (again) => list()(again),
    environment,
    startedAt: loadedAt,
    now,
    sleep: (ms) => setTimeout(ms),
    random,
    newId,
    log,
  };
}

function getOrMake<T>(made: Map<string, T>, key: string, make: () => T): T {
  const found = made.get(key) ?? make();
  made.set(key, found);
  return found;
}

/** Calls `make` with the first call, and keeps its result. */
function once<T>(make: () => T): () => T {
  const made = onceOf(make);
  return () => made();
}

/** The same, with what the first call is given. */
function onceOf<Given extends unknown[], T>(make: (...given: Given) => T): (...given: Given) => T {
  let made: { readonly value: T } | undefined;
  return (...given) => {
    made ??= { value: make(...given) };
    return made.value;
  };
}

// Kept while the instance is warm, so that it makes clients and fetches tokens once.
let shared: Scopes | undefined;

/** The scopes of this process, with logs that write to one invocation's sink. */
export function scopesFor(sink: LogSink): Scopes {
  shared ??= createScopes(process.env, createLog(console));
  const { faults, all } = shared;
  const withLog = (services: Services) => ({ ...services, log: logOfScope(createLog(sink), services.scope) });
  const [first, ...others] = all;
  return scopesOf(faults, [withLog(first), ...others.map(withLog)]);
}
