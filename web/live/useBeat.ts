// The beat of the page: every 15 seconds, every 60 when it is hidden, none while it is paused.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { REFRESH } from '../state/age.ts';

export interface Beat {
  readonly beat: number;
  readonly isPaused: boolean;
  readonly isHidden: boolean;
  refresh(): void;
  setPaused(paused: boolean): void;
}

export function useBeat(): Beat {
  const [beat, setBeat] = useState(0);
  const [isPaused, setPaused] = useState(false);
  const [isHidden, setHidden] = useState(document.hidden);
  const refresh = useCallback(() => setBeat((before) => before + 1), []);

  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);

  // Whoever comes back sees the newest at once.
  useEffect(() => {
    if (!isHidden && !isPaused) refresh();
  }, [isHidden, isPaused, refresh]);

  useEffect(() => {
    if (isPaused) return;
    const timer = setInterval(refresh, isHidden ? REFRESH.hiddenMs : REFRESH.shownMs);
    return () => clearInterval(timer);
  }, [isPaused, isHidden, refresh]);

  return { beat, isPaused, isHidden, refresh, setPaused };
}
