// The window's title and icon say the answer too, for those who keep the page in the background.
import { useLayoutEffect } from 'preact/hooks';
import { iconOf, type Mark } from '../state/shapes.ts';

/** @param text a few words; null says only whose window it is */
export function useWindowSays(text: string | null, mark: Mark): void {
  // With the view itself, not some time after it.
  useLayoutEffect(() => {
    document.title = text === null ? 'Mailscope' : `${text} – Mailscope`;
    document.getElementById('icon')?.setAttribute('href', iconOf(mark));
  }, [text, mark]);
}
