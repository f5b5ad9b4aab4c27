// Reads the parts of host.json that the local host supports. As on the platform, the environment wins.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface HostJson {
  readonly routePrefix: string;
  readonly functionTimeoutMs: number;
  readonly queues: QueueSettings;
}

/** `extensions.queues`, with the platform's defaults. */
export interface QueueSettings {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  /** The delay before the next try of a failed message. */
  readonly visibilityTimeoutMs: number;
  readonly maxPollingIntervalMs: number;
}

/** Reads host.json of the package at `root`. Variables such as `AzureFunctionsJobHost__functionTimeout` win over it. */
export function readHostJson(root: string, env: NodeJS.ProcessEnv): HostJson {
  const file: unknown = JSON.parse(readFileSync(join(root, 'host.json'), 'utf8'));
  const value = (...path: readonly string[]): unknown => {
    const override = env[['AzureFunctionsJobHost', ...path].join('__')];
    if (override !== undefined) return override;
    return path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), file);
  };
  const queue = (name: string, fallback: number) => Number(value('extensions', 'queues', name) ?? fallback);
  return {
    routePrefix: String(value('extensions', 'http', 'routePrefix') ?? 'api'),
    functionTimeoutMs: timeSpanMs(String(value('functionTimeout') ?? '00:05:00')),
    queues: {
      batchSize: queue('batchSize', 16),
      newBatchThreshold: queue('newBatchThreshold', 8),
      maxDequeueCount: queue('maxDequeueCount', 5),
      visibilityTimeoutMs: timeSpanMs(String(value('extensions', 'queues', 'visibilityTimeout') ?? '00:00:00')),
      maxPollingIntervalMs: timeSpanMs(String(value('extensions', 'queues', 'maxPollingInterval') ?? '00:01:00')),
    },
  };
}

/** A .NET time span, `[d.]hh:mm:ss[.fff]`, in milliseconds. */
export function timeSpanMs(text: string): number {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text);
  if (!match) throw new Error(`"${text}" is not a time span. In host.json, write one such as 00:10:00`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
