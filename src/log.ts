// Log lines: one JSON object each, with a static event name and the data beside it.

export type LogLevel = 'info' | 'warn' | 'error';

/** Writes one line. `data` must never hold a subject, a token or a secret. */
export type Log = (level: LogLevel, event: string, data?: Readonly<Record<string, unknown>>) => void;

/** Where lines go: the methods that an invocation's context and the console share. */
export interface LogSink {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/**
 * A log over `sink`. Each line is a single string: the platform formats arguments, and a `%` in data beside it would be
 * read as a placeholder.
 */
export function createLog(sink: LogSink): Log {
  return (level, event, data = {}) => sink[level](JSON.stringify({ event, ...data }));
}

/** An error as log data: name, message and the chain of causes, without stacks. */
export function errorData(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: String(error) };
  return { name: error.name, message: error.message, ...(error.cause ? { cause: errorData(error.cause) } : {}) };
}
