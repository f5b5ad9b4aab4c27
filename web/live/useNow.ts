// The present time, once a second. A part is drawn again only when its text has changed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { presentTime } from './presentTime.ts';

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** What `make` answers for the present time. It is asked again each second. */
export function useTimed(make: (now: number) => string): string {
  const text = make(presentTime());
  const [, setText] = useState(text);
  const latest = useRef(make);
  latest.current = make;
  useEffect(() => listen(() => setText(latest.current(presentTime()))), []);
  return text;
}

/** The present time in ms, each second. */
export function useNow(): number {
  const [now, setNow] = useState(presentTime);
  useEffect(() => listen(() => setNow(presentTime())), []);
  return now;
}
