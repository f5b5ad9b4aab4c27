// What the page knows without a browser: addresses, times, bars, the timeline, and how it asks the API.
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Observation } from '../../web/apiTypes.ts';
import { clockErrorMs, learnServerTime, presentTime } from '../../web/live/presentTime.ts';
import { type Address, readAddress, writeAddress } from '../../web/state/address.ts';
import { ApiFailure, afterOf, createClient } from '../../web/state/apiClient.ts';
import { barWords, cellsOf, cellWords, movedBy, observationOf, observationsIn } from '../../web/state/cells.ts';
import { progressWords, refusalWords } from '../../web/state/progress.ts';
import { iconOf, SHAPES } from '../../web/state/shapes.ts';
import { timelineOf } from '../../web/state/timeline.ts';
import { ago, clockTime, duration, fullTime, readTyped, span, startOfRun } from '../../web/state/times.ts';

const NOW = Date.parse('2026-11-23T08:15:30Z');

describe('an address', () => {
  it.each<[string, Address]>([
    ['#/', { view: { page: 'home' } }],
    ['#/?scope=crm', { view: { page: 'home' }, scope: 'crm' }],
    ['#/mailboxes', { view: { page: 'mailboxes', filter: {} } }],
    [
      '#/mailboxes?verdict=breach&startsWith=c',
      { view: { page: 'mailboxes', filter: { verdict: 'breach', startsWith: 'c' } } },
    ],
    [
      '#/mailboxes?expectation=denied&after=c3RhdGU&scope=crm',
      { view: { page: 'mailboxes', filter: { expectation: 'denied' }, after: 'c3RhdGU' }, scope: 'crm' },
    ],
    [
      "#/mailboxes/o'brien@contoso.example",
      { view: { page: 'mailbox', mailbox: "o'brien@contoso.example", range: {} } },
    ],
    [
      '#/mailboxes/plus%2Btag@contoso.example?from=2026-11-23T08:00:00.000Z',
      {
        view: { page: 'mailbox', mailbox: 'plus+tag@contoso.example', range: { from: '2026-11-23T08:00:00.000Z' } },
      },
    ],
    ['#/drift?open=true&kind=breach', { view: { page: 'drift', filter: { open: true, kind: 'breach' } } }],
    ['#/drift', { view: { page: 'drift', filter: {} } }],
    ['#/runs', { view: { page: 'runs' } }],
    ['#/runs/20261123T081500Z-42', { view: { page: 'run', id: '20261123T081500Z-42' } }],
  ])('%s is a view, and the view has this address', (fragment, address) => {
    expect(readAddress(fragment)).toEqual(address);
    expect(writeAddress(address)).toBe(fragment);
  });

  it('takes a plus that somebody typed as a plus', () => {
    const { view } = readAddress('#/mailboxes/a@contoso.example?from=2026-11-23T08:00:00+02:00');
    expect(view).toMatchObject({ range: { from: '2026-11-23T08:00:00+02:00' } });
    const filtered = readAddress('#/mailboxes?startsWith=plus+tag');
    expect(filtered.view).toMatchObject({ filter: { startsWith: 'plus+tag' } });
    expect(readAddress(writeAddress(filtered))).toEqual(filtered);
  });

  it('leaves out a filter that does not exist, and says of a view that it does not know it', () => {
    expect(readAddress('#/mailboxes?verdict=fine')).toEqual({ view: { page: 'mailboxes', filter: {} } });
    expect(readAddress('#/drift?open=maybe')).toEqual({ view: { page: 'drift', filter: {} } });
    expect(readAddress('#/nowhere')).toEqual({ view: { page: 'unknown' } });
    expect(readAddress('#/runs/1/2')).toEqual({ view: { page: 'unknown' } });
    expect(readAddress('')).toEqual({ view: { page: 'home' } });
    expect(readAddress('#/mailboxes/a#b')).toEqual({ view: { page: 'mailbox', mailbox: 'a#b', range: {} } });
    expect(readAddress('#/mailboxes/%zz')).toEqual({ view: { page: 'mailbox', mailbox: '%zz', range: {} } });
  });
});

describe('times', () => {
  it('say their zone, and the date where it is another', () => {
    expect(clockTime('2026-11-23T08:15:03.900Z', 'utc', NOW)).toBe('08:15:03 UTC');
    expect(clockTime('2026-11-22T23:59:59Z', 'utc', NOW)).toBe('22 Nov 23:59 UTC');
    expect(clockTime('2025-11-23T08:15:03Z', 'utc', NOW)).toBe('23 Nov 2025 08:15 UTC');
    expect(fullTime('2026-11-22T23:59:59Z', 'utc')).toBe('2026-11-22 23:59:59 UTC');
  });

  it('are local with their offset', () => {
    const before = process.env.TZ;
    onTestFinished(() => {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    });
    process.env.TZ = 'Asia/Kolkata';
    expect(clockTime('2026-11-23T08:15:03Z', 'local', NOW)).toBe('13:45:03 +05:30');
    process.env.TZ = 'America/New_York';
    expect(fullTime('2026-11-23T03:15:03Z', 'local')).toBe('2026-11-22 22:15:03 −05:00');
    expect(readTyped('2026-11-22 22:15:03 −05:00', 'utc')).toBe('2026-11-23T03:15:03.000Z');
    expect(readTyped('2026-11-22 22:15', 'local')).toBe('2026-11-23T03:15:00.000Z');
  });

  it('tell how long ago, and never round up', () => {
    const at = (ms: number) => ago(new Date(NOW - ms).toISOString(), NOW);
    expect([at(0), at(1_900), at(59_999), at(60_000)]).toEqual(['just now', 'just now', '59 s ago', '1 min ago']);
    expect([at(3_599_999), at(7_500_000), at(-240_000)]).toEqual(['59 min ago', '2 h 5 min ago', 'in 4 min']);
    expect([span(49 * 3_600_000), span(3_600_000)]).toEqual(['2 days', '1 h']);
    expect([duration(870), duration(12_340), duration(250_000)]).toEqual(['870 ms', '12.3 s', '4 min 10 s']);
  });

  it('are read as people type them', () => {
    expect(readTyped('2026-11-23', 'utc')).toBe('2026-11-23T00:00:00.000Z');
    expect(readTyped(' 2026-11-23 08:15 ', 'utc')).toBe('2026-11-23T08:15:00.000Z');
    expect(readTyped('2026-11-23 08:15 +02:00', 'utc')).toBe('2026-11-23T06:15:00.000Z');
    expect(readTyped('2026-11-23T08:15:20Z', 'local')).toBe('2026-11-23T08:15:20.000Z');
    expect([readTyped('yesterday', 'utc'), readTyped('2026-13-40', 'utc'), readTyped('', 'utc')]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('are in the id of a run', () => {
    expect(startOfRun('20261123T081500Z-42')).toBe('2026-11-23T08:15:00.000Z');
    expect(startOfRun('run 42')).toBeNull();
  });
});

describe('the present time', () => {
  it("is the server's where this computer's clock is wrong, and an old answer cannot set it back", () => {
    learnServerTime(Date.now() + 90_000);
    expect(clockErrorMs()).toBe(0);
    learnServerTime(Date.now() + 3_600_000);
    for (const server of [Date.now(), Date.now() - 9e7]) learnServerTime(server);
    expect(Math.round((presentTime() - Date.now()) / 60_000)).toBe(60);
    expect(Math.round(clockErrorMs() / 60_000)).toBe(60);
  });
});

describe('a bar', () => {
  it('shows a refusal of a denied mailbox as good, and of an allowed one as bad', () => {
    const kinds = (recent: string, expectation: 'denied' | 'allowed') =>
      cellsOf(recent, expectation).map(({ kind }) => kind);
    expect(kinds('xo?.', 'denied')).toEqual(['good', 'bad', 'unknown', 'hole']);
    expect(kinds('xo?.', 'allowed')).toEqual(['bad', 'good', 'unknown', 'hole']);
    expect(cellWords('good', 'denied')).toBe('refused, as declared');
    expect(cellWords('bad', 'denied')).toBe('readable, not as declared');
    expect(cellWords('good', 'allowed')).toBe('readable, as declared');
  });

  it('finds the observation of a cell: holes have none, and do not count', () => {
    const cells = cellsOf('x..xo.', 'denied');
    const history = ['2026-11-23T08:15:00Z', '2026-11-23T08:00:00Z', '2026-11-23T07:15:00Z'].map((checkedAt) => ({
      checkedAt,
    }));
    const at = (index: number) => observationOf(cells[index], history, '2026-11-23T08:15:00Z')?.checkedAt;
    expect([0, 1, 2, 3, 4, 5].map(at)).toEqual([
      '2026-11-23T07:15:00Z',
      undefined,
      undefined,
      '2026-11-23T08:00:00Z',
      '2026-11-23T08:15:00Z',
      undefined,
    ]);
    expect(observationsIn('x..xo.')).toBe(3);
  });

  it('is not confused by an observation that is newer than the bar', () => {
    const history = [{ checkedAt: '2026-11-23T08:30:00Z' }, { checkedAt: '2026-11-23T08:15:00Z' }];
    const [cell] = cellsOf('x', 'denied');
    expect(observationOf(cell, history, '2026-11-23T08:15:00Z')?.checkedAt).toBe('2026-11-23T08:15:00Z');
    expect(observationOf(cell, [], null)).toBeUndefined();
  });

  it('shows no observation of another run while it is newer than what is known of them', () => {
    const [older, newest] = cellsOf('xx', 'denied');
    const history = [{ checkedAt: '2026-11-23T08:15:00Z' }];
    for (const cell of [older, newest]) expect(observationOf(cell, history, '2026-11-23T08:30:00Z')).toBeUndefined();
  });

  it.each([
    ['nothing new', 'xxx.', 'xxx.', false, 0],
    ['a run, while there is room', 'xxx', 'xxxx', true, 0],
    ['a run, when the bar is full', 'xxxx', 'xxxx', true, 1],
    ['a breach', 'xx.x', 'x.xo', true, 1],
    ['a hole without a run', 'xoxx', 'oxx.', false, 1],
    ['two holes and a run', 'oxxx', 'x..x', true, 3],
    ['so many that none is left', 'oooo', 'xxxx', true, 4],
  ])('moves with its runs: %s', (_, before, after, isNew, moved) => {
    const at = '2026-11-23T08:15:00Z';
    const bar = (recent: string, lastCheckedAt: string) => ({ recent, lastCheckedAt });
    expect(movedBy(bar(before, at), bar(after, isNew ? '2026-11-23T08:30:00Z' : at))).toBe(moved);
  });

  it('is a sentence for those who cannot see it', () => {
    expect(barWords({ recent: 'xxo?..', expectation: 'denied' })).toBe(
      '6 runs: 2 refused, 1 readable, 1 without proof, 2 holes.',
    );
    expect(barWords({ recent: 'o', expectation: 'allowed' })).toBe('1 run: 1 readable.');
    expect(barWords({ recent: '', expectation: 'allowed' })).toBe('No run yet.');
  });
});

describe('a timeline', () => {
  // Only what it reads.
  const seen = (checkedAt: string, outcome: Observation['outcome'], durationMs: number, controlHeld = true) =>
    ({ checkedAt, outcome, durationMs, controlHeld }) as Observation;

  it('places time from left to right and duration upwards', () => {
    const { dots, from, to, slowestMs } = timelineOf(
      [
        seen('2026-11-23T08:30:00Z', 'readable', 1_000),
        seen('2026-11-23T08:15:00Z', 'refused', 1),
        seen('2026-11-23T08:00:00Z', 'refused', 10, false),
      ],
      'denied',
    );
    expect(dots.map(({ kind, x }) => [kind, x])).toEqual([
      ['bad', 1],
      ['good', 0.5],
      ['unknown', 0],
    ]);
    expect(dots.map(({ y }) => Math.round(y * 100))).toEqual([100, 0, 33]);
    expect([from, to, slowestMs]).toEqual(['2026-11-23T08:00:00Z', '2026-11-23T08:30:00Z', 1_000]);
  });

  it('can be of one observation, or of none', () => {
    expect(timelineOf([seen('2026-11-23T08:30:00Z', 'readable', 0)], 'allowed').dots).toEqual([
      { kind: 'good', x: 1, y: 0 },
    ]);
    expect(timelineOf([], 'allowed')).toEqual({ dots: [], from: null, to: null, slowestMs: 0 });
  });
});

describe('the progress of a run', () => {
  const run = { number: 43, mailboxes: 1_000, opened: 0, closed: 0 };
  const outcomes = { readable: 1, refused: 498, inconclusive: 1 };

  it('is told in words', () => {
    expect(progressWords({ ...run, status: 'running', outcomes })).toBe('Run 43 is under way: 500 of 1,000 mailboxes.');
    expect(progressWords({ ...run, status: 'completed', outcomes, opened: 2, closed: 1 })).toBe(
      'Run 43 is complete: 500 of 1,000 mailboxes; 2 drift opened, 1 drift closed.',
    );
    expect(progressWords({ ...run, status: 'incomplete', outcomes })).toContain('ended before it was complete');
  });

  it('also says why there is none', () => {
    const refused = (code: string, detail: string) =>
      refusalWords(new ApiFailure('problem', detail, { code: code as 'role-missing' }));
    expect(refused('run-in-progress', 'Run 42 is in progress.')).toBe(
      'A run is already under way. This page follows it.',
    );
    expect(refused('role-missing', 'It lacks the role.')).toBe('You may not start a run. It lacks the role.');
    expect(refused('tables-in-use', 'The other is b.')).toContain('another app uses the same tables. The other is b.');
  });
});

describe('the client of the API', () => {
  interface Asked {
    readonly url: string;
    readonly init: RequestInit;
  }

  function client(answer: () => Response | Promise<Response>, key: string | null = null) {
    const asked: Asked[] = [];
    const made = createClient({
      base: '/api',
      key: () => key,
      fetch: async (url, init = {}) => {
        asked.push({ url: String(url), init });
        return answer();
      },
    });
    return { asked, ...made };
  }

  const problem = (status: number, code: string, more = {}) =>
    Response.json({ code, title: 'Title', detail: 'What is wrong.', ...more }, { status });

  it('sends the key in a header, and never in the address', async () => {
    const { asked, get } = client(() => Response.json({ value: [] }), 'secret');
    await get('mailboxes', { verdict: 'breach', startsWith: '', scope: undefined, top: 5 });
    expect(asked[0]?.url).toBe('/api/mailboxes?verdict=breach&top=5');
    expect(new Headers(asked[0]?.init.headers).get('x-functions-key')).toBe('secret');
    expect(asked[0]?.url).not.toContain('secret');
  });

  it.each<[string, () => Response, Partial<ApiFailure>]>([
    ['the platform wants a key', () => new Response(null, { status: 401 }), { kind: 'key' }],
    ['nobody is signed in', () => problem(401, 'sign-in-required'), { kind: 'sign-in' }],
    [
      'a run is in progress',
      () => problem(409, 'run-in-progress', { runId: 'r-1' }),
      { kind: 'problem', code: 'run-in-progress', runId: 'r-1', message: 'What is wrong.' },
    ],
    [
      'a front answers',
      () => new Response('<html>', { status: 502 }),
      { kind: 'unreachable', message: 'Mailscope does not answer: the server says 502.' },
    ],
    ['a page comes in place of JSON', () => new Response('<html>'), { kind: 'unreachable' }],
  ])('says that %s', async (_, answer, failure) => {
    await expect(client(answer).get('runs')).rejects.toMatchObject({ name: 'ApiFailure', ...failure });
  });

  it('says that nobody answers', async () => {
    const { get } = client(() => Promise.reject(new TypeError('Failed to fetch')));
    await expect(get('runs')).rejects.toMatchObject({ kind: 'unreachable', message: 'Mailscope does not answer.' });
  });

  it('takes the 503 of health as the answer that it is', async () => {
    const { get } = client(() => Response.json({ status: 'unhealthy', problems: [] }, { status: 503 }));
    expect(await get('health')).toEqual({ status: 'unhealthy', problems: [] });
    await expect(get('runs')).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('gives up when the caller does, without a failure', async () => {
    const abort = new AbortController();
    const { get } = client(() => {
      abort.abort(new Error('the view is gone'));
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    });
    await expect(get('runs', {}, abort.signal)).rejects.toThrow('the view is gone');
  });

  it('goes on where a list ends, whatever host the app thinks it has', () => {
    expect(afterOf({ nextLink: 'http://internal:8080/api/mailboxes?top=5&after=c3RhdGU' })).toBe('c3RhdGU');
    expect(afterOf({})).toBeUndefined();
  });
});

describe('marks', () => {
  it('differ in shape, each from every other', () => {
    const drawn = Object.values(SHAPES).map(({ body, sign, isHollow }) => `${body} ${sign} ${isHollow}`);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(decodeURIComponent(iconOf('breach'))).toContain(SHAPES.breach.body);
  });
});
