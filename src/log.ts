// Log lines: each is one JSON object with a static event name and data.

export type LogLevel = 'info' | 'warn' | 'error';

/** Writes one line. `data` must never hold a subject, a token or a secret. */
export type Log = (level: LogLevel, event: string, data?: Readonly<Record<string, unknown>>) => void;

/** The methods that both the context of an invocation and the console have. */
export interface LogSink {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/**
 * A log that writes to `sink`. Each line is a single string, because the platform formats further arguments: it would
 * read a `%` in the data as a placeholder.
 */
export function createLog(sink: LogSink): Log {
  return (level, event, data = {}) => sink[level](JSON.stringify({ event, ...data }));
}

/** A log whose every line says which scope it is about. */
export function logOfScope(log: Log, scope: string): Log {
  return (level, event, data = {}) => log(level, event, { scope, ...data });
}

/** An error as log data: name, message and the chain of causes, without stacks. */
export function errorData(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: String(error) };
  return { name: error.name, message: error.message, ...(error.cause ? { cause: errorData(error.cause) } : {}) };
}
