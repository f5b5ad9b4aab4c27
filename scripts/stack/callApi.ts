// Calls the app's API for scripts.
import { setTimeout as wait } from 'node:timers/promises';
import type { LocalHost } from '../../localHost/host.ts';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls `/api/{path}`, with the host key if there is one. */
export async function callApi(
  { url, keys }: Pick<LocalHost, 'url' | 'keys'>,
  path: string,
  method = 'GET',
): Promise<Answer> {
  const headers = keys ? { 'x-functions-key': keys.host } : {};
  const response = await fetch(`${url}/api/${path}`, { method, headers });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const AGAIN_MS = 2_000;

/**
 * Starts a run in a scope, or in the first one, and waits while another is alive. A run of a dead process counts as alive for two minutes. It does not
 * wait for another app that owns the tables.
 */
export async function startRunSoon(
  host: Pick<LocalHost, 'url' | 'keys'>,
  signal: AbortSignal,
  scope?: string,
): Promise<Answer> {
  for (;;) {
    const answer = await callApi(host, scope === undefined ? 'runs' : `runs?scope=${scope}`, 'POST');
    if (answer.body.code !== 'run-in-progress' || signal.aborted) return answer;
    await wait(AGAIN_MS, undefined, { signal });
  }
}
