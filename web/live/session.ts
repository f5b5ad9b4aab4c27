// What is kept for the browser session only: the key, and the view to come back to after a sign-in.

const KEY = 'mailscope.key';
const VIEW = 'mailscope.view';

export function keptKey(): string | null {
  return sessionStorage.getItem(KEY);
}

export function keepKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

const SIGN_IN = '/.auth/login/aad?post_login_redirect_uri=/api/dashboard';

let isLeaving = false;

/** Leaves for the platform's sign-in, once: where it did not help, asking again would never end. Answers whether it left. */
export function leaveForSignIn(): boolean {
  // Several questions are refused at once.
  if (isLeaving) return true;
  if (sessionStorage.getItem(VIEW) !== null) return false;
  isLeaving = true;
  sessionStorage.setItem(VIEW, location.hash || '#/');
  location.assign(SIGN_IN);
  return true;
}

/** Comes back to the view from before a sign-in. */
export function restoreView(): void {
  const view = sessionStorage.getItem(VIEW);
  if (view !== null && location.hash === '') history.replaceState(null, '', view);
}

/** The sign-in has helped, so the next one may begin anew. */
export function forgetView(): void {
  sessionStorage.removeItem(VIEW);
}
