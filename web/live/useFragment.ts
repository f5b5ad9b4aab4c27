// The fragment of the address, and how a view changes it.
import { useEffect, useState } from 'preact/hooks';
import { type Address, readAddress, writeAddress } from '../state/address.ts';

export function useFragment(): Address {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const look = () => setFragment(location.hash);
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return readAddress(fragment);
}

/** Shows another address. With `replace`, Back leads to what came before it: for what changes with each letter typed. */
export function goTo(address: Address, { replace = false } = {}): void {
  const fragment = writeAddress(address);
  if (fragment === location.hash) return;
  if (!replace) {
    location.hash = fragment;
    return;
  }
  history.replaceState(null, '', fragment);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
