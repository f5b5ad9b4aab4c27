// The services that are passed to all code: settings, Graph, storage, the clock and the log.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { MailscopeError } from './errors.ts';
import { createGraph, type Graph } from './graph/client.ts';
import { createTokenFetcher } from './graph/credential.ts';
import { createLimiter, type Limiter } from './graph/limiter.ts';
import { createTokens } from './graph/tokens.ts';
import { createLog, type Log, type LogSink } from './log.ts';
import { type Configuration, type Environment, readConfiguration, type Settings } from './settings/settings.ts';
import { createList } from './storage/mailboxList.ts';
import type { Plan } from './storage/plan.ts';
import { openStorage, type Storage } from './storage/storage.ts';

/** `settings`, and all that needs them, throw `configuration-invalid` with every fault. */
export interface Services {
  readonly configuration: Configuration;
  settings(): Settings;
  graph(): Graph;
  /** Limits the calls to Graph that this process has in flight. */
  limiter(): Limiter;
  storage(): Storage;
  /** The list of mailboxes. Rejects with `configuration-invalid` and every fault of its file. */
  list(): Promise<Plan>;
  /** The environment. It holds `WEBSITE_HOSTNAME` on the platform. */
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

const loadedAt = new Date();

/** Builds the services of a process. Each is opened once, when it is first used. */
export function createServices(environment: Environment, log: Log): Services {
  const configuration = readConfiguration(environment);
  const now = () => new Date();
  const random = Math.random;
  const newId = () => randomUUID();

  function settings(): Settings {
    if (configuration.settings) return configuration.settings;
    const faults = configuration.faults.map((fault) => fault.message);
    throw new MailscopeError('configuration-invalid', faults.join(' '), { faults });
  }

  const list = once(() => createList(settings(), now));

  return {
    configuration,
    settings,
    graph: once(() => {
      const { graphEndpoint: endpoint, graphIdentity, resource } = settings();
      const tokens = createTokens(createTokenFetcher(graphIdentity, endpoint), log, now);
      return createGraph({ endpoint, resource, tokens, now, random, newId });
    }),
    limiter: once(() => createLimiter(settings().pollConcurrency)),
    storage: once(() => openStorage(settings().storage)),
    list: async () => list()(),
    environment,
    startedAt: loadedAt,
    now,
    sleep: (ms) => setTimeout(ms),
    random,
    newId,
    log,
  };
}

/** Calls `make` with the first call, and keeps its result. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

// Kept while the instance is warm, so that it makes clients and fetches tokens once.
let shared: Services | undefined;

/** The services of this process, with a log that writes to one invocation's sink. */
export function servicesFor(sink: LogSink): Services {
  shared ??= createServices(process.env, createLog(console));
  return { ...shared, log: createLog(sink) };
}
