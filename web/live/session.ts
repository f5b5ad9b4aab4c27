// What is kept for the browser session only: the key, the view to come back to after a sign-in, and the zone of times.
import type { Zone } from '../state/times.ts';

const KEY = 'mailscope.key';
const VIEW = 'mailscope.view';
const ZONE = 'mailscope.zone';

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const storage = storageOf();
const kept = storage ?? inMemory();

/** Whether the browser lets the page keep nothing: what it knows is gone when it is loaded again. */
export const isForgetful = storage === null;

function storageOf(): Kept | null {
  try {
    return sessionStorage;
  } catch {
    // A browser that blocks cookies may block this too.
    return null;
  }
}

function inMemory(): Kept {
  const values = new Map<string, string>();
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
  };
}

export function keptKey(): string | null {
  return kept.getItem(KEY);
}

export function keepKey(key: string | null): void {
  if (key === null) kept.removeItem(KEY);
  else kept.setItem(KEY, key);
}

export function keptZone(): Zone {
  return kept.getItem(ZONE) === 'local' ? 'local' : 'utc';
}

export function keepZone(zone: Zone): void {
  kept.setItem(ZONE, zone);
}

const SIGN_IN = '/.auth/login/aad?post_login_redirect_uri=/api/dashboard';

let isLeaving = false;

/**
 * Leaves for the platform's sign-in. By itself the page does so once: where it did not help, asking again would never
 * end. Answers whether it left.
 */
export function leaveForSignIn({ isWanted = false } = {}): boolean {
  // Several questions are refused at once.
  if (isLeaving) return true;
  if (!isWanted && (isForgetful || kept.getItem(VIEW) !== null)) return false;
  isLeaving = true;
  kept.setItem(VIEW, location.hash || '#/');
  location.assign(SIGN_IN);
  return true;
}

/** Comes back to the view from before a sign-in. */
export function restoreView(): void {
  const view = kept.getItem(VIEW);
  if (view !== null && location.hash === '') history.replaceState(null, '', view);
}

/** The sign-in has helped, so the next one may begin anew. */
export function forgetView(): void {
  kept.removeItem(VIEW);
}
