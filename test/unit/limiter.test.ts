// One room for several scopes: who is held back, throttled or without a token takes no place from the others.
import { describe, expect, it } from 'vitest';
import { createLimiter, createRoom, type Limiter, type Outside } from '../../src/graph/limiter.ts';

const never = new AbortController().signal;

/** Work that goes on until the test ends it. */
function work() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = false;
  const start = async (outside: Outside, wait?: Promise<void>) => {
    begun = true;
    if (wait !== undefined) await outside(() => wait);
    await promise;
    return 'done';
  };
  return { start, end: resolve, hasBegun: () => begun };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function scopes(concurrency: number): [Limiter, Limiter] {
  const room = createRoom(concurrency);
  return [createLimiter(room), createLimiter(room)];
}

describe('the room', () => {
  it('has as many places as it was made with, for all scopes together', async () => {
    const [one, other] = scopes(2);
    const works = [work(), work(), work()];
    const runs = [one, other, one].map((limiter, index) =>
      limiter.run((outside) => works[index]?.start(outside) ?? Promise.reject(), never),
    );
    await settled();
    expect(works.map((each) => each.hasBegun())).toEqual([true, true, false]);
    works[1]?.end();
    await runs[1];
    await settled();
    expect(works[2]?.hasBegun()).toBe(true);
    for (const each of works) each.end();
    expect(await Promise.all(runs)).toEqual(['done', 'done', 'done']);
  });

  it('lets scopes take turns, however much one of them has to do', async () => {
    const [large, small] = scopes(1);
    const order: string[] = [];
    const note = (name: string) => async () => void order.push(name);
    const first = work();
    const all = [large.run((outside) => first.start(outside), never)];
    await settled();
    const many = Array.from({ length: 20 }, () => large.run(note('large'), never));
    const few = small.run(note('small'), never);
    first.end();
    await Promise.all([...all, ...many, few]);
    expect(order.indexOf('small')).toBeLessThan(3);
  });

  it('has the place of whoever waits outside', async () => {
    const [one, other] = scopes(1);
    const [waiting, quick] = [work(), work()];
    const wait = Promise.withResolvers<void>();
    const first = one.run((outside) => waiting.start(outside, wait.promise), never);
    await settled();
    const second = other.run((outside) => quick.start(outside), never);
    await settled();
    expect(quick.hasBegun()).toBe(true);
    wait.resolve();
    waiting.end();
    await settled();
    // It takes a place again before it goes on.
    const isOver = await Promise.race([first.then(() => true), settled().then(() => false)]);
    expect(isOver).toBe(false);
    quick.end();
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
  });
});

describe('a scope that is held back', () => {
  it('begins nothing, and the others go on', async () => {
    const [held, free] = scopes(2);
    const [mine, theirs] = [work(), work()];
    held.holdBack(60_000);
    const controller = new AbortController();
    const waiting = held.run((outside) => mine.start(outside), controller.signal);
    const going = free.run((outside) => theirs.start(outside), never);
    await settled();
    expect([mine.hasBegun(), theirs.hasBegun()]).toEqual([false, true]);
    theirs.end();
    controller.abort();
    expect(await Promise.all([waiting, going])).toEqual([null, 'done']);
  });

  it('also begins nothing that was already waiting for its place', async () => {
    const [held, free] = scopes(1);
    const [mine, theirs] = [work(), work()];
    const going = free.run((outside) => theirs.start(outside), never);
    await settled();
    const controller = new AbortController();
    const waiting = held.run((outside) => mine.start(outside), controller.signal);
    await settled();
    held.holdBack(60_000);
    theirs.end();
    await going;
    await settled();
    expect(mine.hasBegun()).toBe(false);
    // The room is free meanwhile.
    expect(await free.run(async () => 'free', never)).toBe('free');
    controller.abort();
    expect(await waiting).toBeNull();
  });
});
