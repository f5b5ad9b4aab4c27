// The part of the storage account that belongs to one scope: tables with its name, and messages that name it.
import { DEFAULT_SCOPE } from '../settings/scopes.ts';
import type { Queues } from './queues.ts';
import type { Tables } from './tables.ts';

/** Tables whose names begin with the scope's. Those of the default scope have no prefix. */
export function tablesOfScope(tables: Tables, scope: string): Tables {
  if (scope === DEFAULT_SCOPE) return tables;
  return {
    open: (name) => tables.open(scope + name),
    existing: (name) => tables.existing(scope + name),
    names: async (prefix) => (await tables.names(scope + prefix)).map((name) => name.slice(scope.length)),
    drop: (name) => tables.drop(scope + name),
  };
}

/** All scopes share the queues, so each message names its scope. */
export function queuesOfScope(queues: Queues, scope: string): Queues {
  return {
    sendShards: (messages) => queues.sendShards(messages.map((message) => ({ ...message, scope }))),
    sendAlert: (message) => queues.sendAlert({ ...message, scope }),
    // What goes back is of any scope, and names it already.
    sendBack: queues.sendBack,
  };
}
