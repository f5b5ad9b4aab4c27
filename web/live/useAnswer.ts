// Keeps what the API answered last, and asks again with each beat.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure, addressOf, parsed, type Query } from '../state/apiClient.ts';
import { useBeatNumber, usePage } from './pageContext.ts';
import { presentTime } from './presentTime.ts';

export interface Answer<T> {
  /** The last good answer; undefined before the first. It stays the same object while the API says the same. */
  readonly data: T | undefined;
  /** Why the last question failed; null when it did not, and while another one is under way. */
  readonly failure: ApiFailure | null;
  /** Whether the data answers another question than the present one, such as the filter before. */
  readonly isOther: boolean;
  /** When the last good answer came, in ms; null before the first. */
  answeredAt(): number | null;
}

interface Kept {
  readonly address: string | null;
  readonly text: string;
  readonly data: unknown;
  readonly failed: { readonly address: string; readonly failure: ApiFailure } | null;
}

const NOTHING: Kept = { address: null, text: '', data: undefined, failed: null };

/**
 * @param path null asks nothing, and forgets what was known
 * @param version asks again at once when it changes
 */
export function useAnswer<T>(path: string | null, query: Query = {}, version = ''): Answer<T> {
  return useAnswerOf<T>(path, query, `${useBeatNumber()} ${version}`);
}

/** The same without the beat: asks again only when `version` changes. */
export function useAnswerOf<T>(path: string | null, query: Query, version: string): Answer<T> {
  const { client, onRefused } = usePage();
  const address = path === null ? null : addressOf('', path, query);
  const [kept, setKept] = useState<Kept>(NOTHING);
  const answeredAt = useRef<number | null>(null);
  const asking = useRef<{ readonly address: string; readonly abort: AbortController } | null>(null);
  const [askedAgain, askAgain] = useState(0);
  const newest = useRef(version);
  newest.current = version;

  // Only another question ends one that is under way: a slow API would else never get to answer.
  useEffect(() => () => asking.current?.abort.abort(), [address]);

  useEffect(() => {
    if (path === null || address === null) {
      setKept(NOTHING);
      answeredAt.current = null;
      return;
    }
    if (asking.current?.address === address && !asking.current.abort.signal.aborted) return;
    const mine = { address, abort: new AbortController() };
    asking.current = mine;
    const { signal } = mine.abort;
    client
      .text(path, query, signal)
      .then((text) => {
        if (signal.aborted) return;
        answeredAt.current = presentTime();
        setKept((before) => {
          const isSame = before.address === address && before.text === text;
          if (isSame && before.failed === null) return before;
          return { address, text, data: isSame ? before.data : parsed(text), failed: null };
        });
      })
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const failure = error instanceof ApiFailure ? error : new ApiFailure('unreachable', String(error));
        if (failure.kind === 'key' || failure.kind === 'sign-in') onRefused(failure);
        setKept((before) => ({ ...before, failed: { address, failure } }));
      })
      .finally(() => {
        if (asking.current !== mine) return;
        asking.current = null;
        // What has changed meanwhile is not in this answer.
        if (!signal.aborted && newest.current !== version) askAgain((before) => before + 1);
      });
  }, [address, version, client, askedAgain]);

  return {
    // The guarantee is that of apiTypes.ts: this address answers this type.
    data: kept.data as T | undefined,
    failure: kept.failed?.address === address ? kept.failed.failure : null,
    isOther: kept.data !== undefined && kept.address !== address,
    answeredAt: () => answeredAt.current,
  };
}
