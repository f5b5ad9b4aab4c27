// What every part of the page may use: the API, the scope, the zone of times, and the beat at which it asks again.
// The beat is apart, so that a part that shows what others asked for is not drawn again with each beat.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type View, writeAddress } from '../state/address.ts';
import type { ApiClient, ApiFailure } from '../state/apiClient.ts';
import type { Zone } from '../state/times.ts';

export interface Page {
  readonly client: ApiClient;
  /** The scope for the API's `scope` parameter; undefined where there is one scope only. */
  readonly scope: string | undefined;
  readonly zone: Zone;
  /** Some time of the present day, in ms: a time of another day is shown with its date. */
  readonly today: number;
  /** Asks again now. */
  refresh(): void;
  /** The API wants a key or a sign-in. */
  onRefused(failure: ApiFailure): void;
}

export const PageContext = createContext<Page | null>(null);
/** Grows with each beat: whoever shows answers asks again. */
export const BeatContext = createContext(0);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('a part of the page is outside of the page');
  return page;
}

/** The address of a view, in the scope that is shown. */
export function useHref(): (view: View) => string {
  const { scope } = usePage();
  return (view) => writeAddress({ view, scope });
}

export function useBeatNumber(): number {
  return useContext(BeatContext);
}
