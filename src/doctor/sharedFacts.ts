// Facts that are the same for all scopes, or for those with the same host. Each is found out once.
import { reachGraph } from '../graph/reach.ts';
import type { Connection, GraphAnswer } from '../rules/doctor/networkFindings.ts';
import type { StorageFault } from '../rules/doctor/storageFindings.ts';
import type { Services } from '../services.ts';
import { type OnceEach, onceEach } from '../storage/onceEach.ts';
import { tryQueues, tryTables } from '../storage/rights.ts';
import { connect } from './connect.ts';

export class SharedFacts {
  #tables: Promise<StorageFault | null> | undefined;
  #queues: Promise<StorageFault | null> | undefined;
  readonly #graphs: OnceEach<GraphAnswer>;
  readonly #connections: OnceEach<Connection>;

  constructor({ now }: Pick<Services, 'now'>) {
    this.#graphs = onceEach((endpoint) => reachGraph(endpoint, now));
    this.#connections = onceEach((origin) => connect(new URL(origin)));
  }

  /** All scopes have the same storage account. */
  tables({ settings, newId }: Services): Promise<StorageFault | null> {
    this.#tables ??= tryTables(settings().storage, newId().replaceAll('-', ''));
    return this.#tables;
  }

  queues({ settings, newId }: Services): Promise<StorageFault | null> {
    this.#queues ??= tryQueues(settings().storage, newId().replaceAll('-', ''));
    return this.#queues;
  }

  /** What Graph answers without a token. */
  graph(endpoint: string): Promise<GraphAnswer> {
    return this.#graphs.get(endpoint);
  }

  /** Whether the host of an address can be reached. The path is a secret, and is not needed. */
  connection({ origin }: URL): Promise<Connection> {
    return this.#connections.get(origin);
  }
}
