// The one set of services that is passed along: settings, Graph, the clock and the log.
import { randomUUID } from 'node:crypto';
import { MailscopeError } from './errors.ts';
import { createGraph, type Graph } from './graph/client.ts';
import { createTokenFetcher } from './graph/credential.ts';
import { createTokens } from './graph/tokens.ts';
import { createLog, type Log, type LogSink } from './log.ts';
import { type Configuration, type Environment, readConfiguration, type Settings } from './settings.ts';

export interface Services {
  readonly configuration: Configuration;
  /** The settings; throws `configuration-invalid` with every fault. */
  settings(): Settings;
  /** Microsoft Graph; throws as `settings` does. */
  graph(): Graph;
  now(): Date;
  readonly log: Log;
}

/** Builds the services of a process. Nothing is opened until it is used. */
export function createServices(environment: Environment, log: Log): Services {
  const configuration = readConfiguration(environment);
  const now = () => new Date();
  let graph: Graph | undefined;

  function settings(): Settings {
    if (configuration.settings) return configuration.settings;
    const faults = configuration.faults.map((fault) => fault.message);
    throw new MailscopeError('configuration-invalid', faults.join(' '), { faults });
  }

  function openGraph(): Graph {
    const { graphEndpoint: endpoint, graphIdentity } = settings();
    const tokens = createTokens(createTokenFetcher(graphIdentity, endpoint), log, now);
    return createGraph({ endpoint, tokens, now, random: Math.random, newId: randomUUID });
  }

  return {
    configuration,
    settings,
    graph: () => {
      graph ??= openGraph();
      return graph;
    },
    now,
    log,
  };
}

// Kept while the instance is warm, so that clients and tokens are made once.
let shared: Services | undefined;

/** The services of this process, with a log that writes to one invocation's sink. */
export function servicesFor(sink: LogSink): Services {
  shared ??= createServices(process.env, createLog(console));
  return { ...shared, log: createLog(sink) };
}
