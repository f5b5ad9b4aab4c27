// Clients that are made once, and calls of storage that have a limit.
import { describe, expect, it } from 'vitest';
import { CallLimitError, limited } from '../../src/storage/callLimit.ts';
import { onceEach } from '../../src/storage/onceEach.ts';

describe('a client', () => {
  it('is made once for each name, also with many callers', async () => {
    let made = 0;
    const clients = onceEach(async (name) => {
      made += 1;
      return `${name} ${made}`;
    });
    expect(await Promise.all([clients.get('a'), clients.get('a'), clients.get('b')])).toEqual(['a 1', 'a 1', 'b 2']);
    clients.forget('a');
    expect(await clients.get('a')).toBe('a 3');
    clients.forgetAll();
    expect(await Promise.all([clients.get('a'), clients.get('b')])).toEqual(['a 4', 'b 5']);
  });

  it('that could not be made is made again for the next caller', async () => {
    let tries = 0;
    const clients = onceEach(async () => {
      tries += 1;
      if (tries === 1) throw new Error('no connection');
      return 'client';
    });
    await expect(Promise.all([clients.get('a'), clients.get('a')])).rejects.toThrow('no connection');
    expect(await clients.get('a')).toBe('client');
    expect(tries).toBe(2);
  });
});

describe('a call of storage', () => {
  it('that takes too long is ended, even if the library does not notice', async () => {
    let seen: AbortSignal | undefined;
    const forever = (signal: AbortSignal) => {
      seen = signal;
      return new Promise<never>(() => undefined);
    };
    await expect(limited(forever, 1)).rejects.toBeInstanceOf(CallLimitError);
    expect(seen?.aborted).toBe(true);
  });

  it('passes on what it gives, and its failure', async () => {
    expect(await limited(async () => 'row')).toBe('row');
    await expect(limited(() => Promise.reject(new Error('403')))).rejects.toThrow('403');
  });
});
