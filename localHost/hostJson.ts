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

/**
 * Reads host.json of the package at `root`. Variables such as `AzureFunctionsJobHost__functionTimeout` win over it.
 *
 * @throws Error that names the file or the variable with a wrong value
 */
export function readHostJson(root: string, env: NodeJS.ProcessEnv): HostJson {
  const file = readJson(join(root, 'host.json'));
  const setting = (path: readonly string[], fallback: string): Setting => {
    const variable = ['AzureFunctionsJobHost', ...path].join('__');
    if (env[variable] !== undefined) return { text: env[variable], source: variable };
    const value = path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), file);
    return { text: String(value ?? fallback), source: `${path.join('.')} of host.json` };
  };
  const queue = (name: string, fallback: string) => setting(['extensions', 'queues', name], fallback);
  return {
    routePrefix: setting(['extensions', 'http', 'routePrefix'], 'api').text,
    functionTimeoutMs: timeSpanMs(setting(['functionTimeout'], '00:05:00')),
    queues: {
      batchSize: wholeNumber(queue('batchSize', '16')),
      newBatchThreshold: wholeNumber(queue('newBatchThreshold', '8')),
      maxDequeueCount: wholeNumber(queue('maxDequeueCount', '5')),
      visibilityTimeoutMs: timeSpanMs(queue('visibilityTimeout', '00:00:00')),
      maxPollingIntervalMs: timeSpanMs(queue('maxPollingInterval', '00:01:00')),
    },
  };
}

interface Setting {
  readonly text: string;
  /** Where the text comes from, for errors. */
  readonly source: string;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** A .NET time span, `[d.]hh:mm:ss[.fff]`, in milliseconds. */
function timeSpanMs({ text, source }: Setting): number {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text);
  if (!match) throw new Error(`${source} is "${text}". Use a time span such as 00:10:00.`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function wholeNumber({ text, source }: Setting): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new Error(`${source} is "${text}". Use a whole number.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
