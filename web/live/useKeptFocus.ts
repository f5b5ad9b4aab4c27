// Keeps the focus where it was when rows move: a browser drops it from what is moved or made anew.
import { useLayoutEffect } from 'preact/hooks';

/** For the part whose rows move. What can have the focus there has an id. */
export function useKeptFocus(): void {
  const before = document.activeElement?.id;
  useLayoutEffect(() => {
    if (!before || document.activeElement !== document.body) return;
    document.getElementById(before)?.focus({ preventScroll: true });
  });
}
