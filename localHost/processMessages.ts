// The messages between the host and the process that runs the functions.
import type { HttpOutput, RegisteredFunction } from './functionsCore.ts';

/**
 * A trigger's data in the host's protocol (`RpcTypedData`): an HTTP request, a timer as JSON, or a queue message as
 * text.
 */
export type TriggerData = { readonly http: HttpInput } | { readonly json: string } | { readonly string: string };

/** A trigger's metadata, each value as JSON. */
export type Metadata = Readonly<Record<string, { readonly json: string }>>;

type Nullable = Readonly<Record<string, { readonly value: string }>>;

export interface HttpInput {
  readonly method: string;
  readonly url: string;
  readonly nullableHeaders: Nullable;
  readonly nullableQuery: Nullable;
  readonly nullableParams: Nullable;
  readonly body?: { readonly bytes: Uint8Array };
}

export type ToFunctions =
  | {
      readonly type: 'invoke';
      readonly id: string;
      readonly name: string;
      readonly data: TriggerData;
      readonly metadata: Metadata;
    }
  | { readonly type: 'ping' };

export type FromFunctions =
  | { readonly type: 'ready'; readonly functions: readonly RegisteredFunction[] }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'log'; readonly name: string; readonly level: string; readonly message: string }
  | { readonly type: 'done'; readonly id: string; readonly output: HttpOutput | null }
  | { readonly type: 'threw'; readonly id: string; readonly message: string }
  | { readonly type: 'pong' };
