// The administrator's calls: `GET /admin/functions` and `/admin/functions/{name}`, and `POST` to run a function.
import type { Level } from './hostKeys.ts';

/** A function, as the administrator sees it. */
export interface AdminFunction {
  readonly name: string;
  readonly language: string;
  readonly isDisabled: boolean;
  readonly config: object;
}

export interface AdminSide {
  readonly functions: readonly AdminFunction[];
  /** Runs a function without an HTTP trigger; false when the function has one. */
  runNow(name: string, input: string): boolean;
}

export interface AdminCall {
  readonly method: string;
  /** The name in the path; undefined for the list. */
  readonly name: string | undefined;
  readonly level: Level;
  readonly contentType: string;
  readonly body: string;
}

export interface AdminAnswer {
  readonly status: number;
  readonly body?: object;
}

/** The path of the administrator's calls, with the function's name. */
export const ADMIN_PATH = /^\/admin\/functions(?:\/([^/]+))?\/?$/i;

/** Answers as Microsoft's host: a weaker key than the master key is 403, no key 401, a body that is no JSON 415. */
export function answerAdmin(side: AdminSide, { method, name, level, contentType, body }: AdminCall): AdminAnswer {
  if (level !== 'admin') return { status: level === 'anonymous' ? 401 : 403 };
  if (name === undefined) return method === 'GET' ? { status: 200, body: side.functions } : { status: 405 };
  if (method !== 'GET' && method !== 'POST') return { status: 405 };
  const found = side.functions.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (method === 'GET') return found ? { status: 200, body: found } : { status: 404 };
  if (!JSON_TYPE.test(contentType)) return { status: 415 };
  const input = readInput(body);
  if (input === null) return { status: 400 };
  return { status: found && side.runNow(found.name, input) ? 202 : 404 };
}

const JSON_TYPE = /^\s*(?:application|text)\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/** The message in `{"input": "…"}`, empty without one; null when the body is no such object. */
function readInput(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
    const [, input] = Object.entries(body).find(([name]) => name.toLowerCase() === 'input') ?? [];
    return typeof input === 'object' && input !== null ? null : String(input ?? '');
  } catch {
    return null;
  }
}
