// The headline of the page: the worst first, in words, and never green without proof.
import { describe, expect, it } from 'vitest';
import type { Run, Scope } from '../../web/apiTypes.ts';
import { intervalOf, isAnswerOld, isRunMissing } from '../../web/state/age.ts';
import { asOfNow } from '../../web/state/asOfNow.ts';
import { type Contact, headlineOf, headlineOfAll, lastProof, scopesWorstFirst } from '../../web/state/headline.ts';

const VERDICTS = { compliant: 0, breach: 0, lockout: 0, unverified: 0, pending: 0 };

function scope(verdicts: Partial<typeof VERDICTS> = {}, more: Partial<Scope> = {}): Scope {
  return {
    name: 'default',
    resource: 'mail',
    identity: { kind: 'managed-identity', clientId: null },
    mailboxes: { allowed: 3, denied: 97 },
    verdicts: { ...VERDICTS, compliant: 100, ...verdicts },
    openDrift: { breach: 0, lockout: 0, unverified: 0 },
    lastCompletedRun: '20261123T081500Z-42',
    controlHeld: true,
    status: 'healthy',
    problems: [],
    ...more,
  };
}

const HEARD: Contact = { failure: null, ageMs: null, isOld: false, isPaused: false, runMissingMs: null };
const opened = (number: number, breach: number) => ({ number, openedByKind: { breach, lockout: 0, unverified: 0 } });
const GONE = { text: 'It is gone.', isHeard: false };
const contact = (more: Partial<Contact>): Contact => ({ ...HEARD, ...more });

describe('the headline', () => {
  it('says that all is proven, for one mailbox, for many and for none', () => {
    const fine = (denied: number) =>
      headlineOf(scope({ compliant: 3 + denied }, { mailboxes: { allowed: 3, denied } }), HEARD);
    expect(fine(97)).toMatchObject({ level: 'proven', text: 'All 97 mailboxes that must not be read are refused.' });
    expect(fine(12_000).text).toBe('All 12,000 mailboxes that must not be read are refused.');
    expect(fine(1).text).toBe('The one mailbox that must not be read is refused.');
    expect(fine(0).text).toBe('No mailbox is denied, and every allowed one is readable.');
    expect(fine(97).also).toEqual([]);
  });

  it.each<[string, Scope | null, Partial<Contact>, string, string]>([
    ['a breach', scope({ breach: 1 }), {}, 'breach', '1 mailbox that must not be read can be read.'],
    ['breaches', scope({ breach: 3 }), {}, 'breach', '3 mailboxes that must not be read can be read.'],
    ['no answer', scope(), { failure: GONE, ageMs: 3_000 }, 'silent', 'It is gone. What you see is 3 s old.'],
    ['no answer yet', null, { failure: GONE }, 'silent', 'It is gone.'],
    ['a question that fails while others are answered', scope(), { failure: GONE }, 'silent', 'It is gone.'],
    [
      'an old answer',
      scope(),
      { isOld: true, ageMs: 180_000 },
      'silent',
      'Mailscope has not answered in time. What you see is 3 min old.',
    ],
    [
      'a pause',
      scope(),
      { isOld: true, isPaused: true, ageMs: 60_000 },
      'silent',
      'This page is paused. What you see is 1 min old.',
    ],
    [
      'runs that do not come',
      scope(),
      { runMissingMs: 3_600_000 },
      'silent',
      'No run has come for 1 h, so nothing newer is known.',
    ],
    [
      'a control that did not hold',
      scope({}, { controlHeld: false }),
      {},
      'blind',
      'The monitor is blind: in the last run a control did not hold, so refusals prove nothing.',
    ],
    ['a lockout', scope({ lockout: 1 }), {}, 'lockout', '1 mailbox that must be readable is refused.'],
    ['no proof', scope({ unverified: 2 }), {}, 'unproven', '2 mailboxes are not proven.'],
    [
      'no run',
      scope({}, { verdicts: null, lastCompletedRun: null, controlHeld: null }),
      {},
      'unproven',
      'Nothing is proven yet: no run has completed.',
    ],
    ['new mailboxes', scope({ pending: 1 }), {}, 'pending', '1 mailbox is not decided yet.'],
    [
      'mailboxes that were listed after the last run',
      asOfNow(scope({ pending: 1 }, { mailboxes: { allowed: 3, denied: 100 } }), []),
      {},
      'pending',
      '3 mailboxes are not decided yet.',
    ],
    [
      'a breach that a run finds before its end, or without one',
      asOfNow(scope(), [opened(44, 0), opened(43, 2), opened(42, 7)]),
      {},
      'breach',
      '2 mailboxes that must not be read can be read.',
    ],
    ['nothing known yet', null, {}, 'loading', 'Asking Mailscope …'],
  ])('tells of %s', (_, of, heard, level, text) => {
    expect(headlineOf(of, contact(heard))).toMatchObject({ level, text });
  });

  it('puts the worst first and keeps the others', () => {
    const all = scope({ breach: 1, lockout: 1, unverified: 1, pending: 1 }, { controlHeld: false });
    const { level, also } = headlineOf(all, contact({ failure: GONE }));
    expect(level).toBe('breach');
    expect(also.map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual([
      'It is gone.',
      'The monitor is',
      '1 mailbox that',
      '1 mailbox is',
      '1 mailbox is',
    ]);
  });

  it('is not green while the app cannot watch, whatever its last run saw', () => {
    const problems = [{ code: 'identity-unavailable', detail: 'The app gets no token.' }] as const;
    expect(headlineOf(scope({}, { problems: [...problems], status: 'unhealthy' }), HEARD)).toMatchObject({
      level: 'silent',
      text: 'The app gets no token.',
      also: [],
    });
    const fault = [{ code: 'configuration-invalid', setting: 'DENIED_MAILBOXES', fault: 'malformed' }] as const;
    // It does not say that there was no run, because nobody can know.
    expect(headlineOf(scope({}, { problems: [...fault], verdicts: null, mailboxes: null }), HEARD)).toMatchObject({
      text: 'The setting DENIED_MAILBOXES is malformed.',
      also: [],
    });
  });

  it('says that alerts do not arrive without hiding the answer', () => {
    const problems = [{ code: 'alert-undelivered', detail: 'The receiver answered 500.' }] as const;
    expect(headlineOf(scope({}, { problems: [...problems] }), HEARD)).toMatchObject({
      level: 'proven',
      also: ['Alerts do not arrive: The receiver answered 500.'],
    });
    const all = [scope(), scope({}, { name: 'crm', problems: [...problems] })];
    expect(headlineOfAll(all, HEARD)).toMatchObject({ level: 'proven', also: [] });
    expect(scopesWorstFirst(all)[1]?.headline.also).toEqual(['Alerts do not arrive: The receiver answered 500.']);
  });

  it('of several scopes names the one that is worst', () => {
    const crm = scope({ lockout: 2 }, { name: 'crm' });
    expect(headlineOfAll([scope(), crm], HEARD)).toMatchObject({
      level: 'lockout',
      text: 'crm: 2 mailboxes that must be readable are refused.',
      short: 'crm: 2 lockout',
    });
    expect(headlineOfAll([scope(), scope({}, { name: 'erp' })], HEARD)).toMatchObject({
      level: 'proven',
      text: 'In all 2 scopes: all 194 mailboxes that must not be read are refused.',
    });
    const blind = scope({}, { name: 'hr', controlHeld: false });
    expect(headlineOfAll([scope(), crm, blind], contact({ failure: GONE }))).toMatchObject({
      level: 'silent',
      also: [
        'hr: The monitor is blind: in the last run a control did not hold, so refusals prove nothing.',
        '1 more scope needs a look.',
      ],
    });
    expect(scopesWorstFirst([scope(), crm]).map((one) => one.scope.name)).toEqual(['crm', 'default']);
  });
});

describe('a scope as of now', () => {
  it('has the drift of later runs, and is as told where nothing is known', () => {
    const { verdicts, openDrift } = asOfNow(
      scope({ breach: 1 }, { openDrift: { breach: 1, lockout: 0, unverified: 0 } }),
      [opened(43, 2)],
    );
    expect([verdicts?.breach, openDrift]).toEqual([3, { breach: 3, lockout: 0, unverified: 0 }]);
    const unknown = scope({}, { verdicts: null, openDrift: null, lastCompletedRun: null });
    expect(asOfNow(unknown, [opened(43, 2)])).toBe(unknown);
    expect(asOfNow(scope({}, { mailboxes: null }), []).verdicts?.pending).toBe(0);
  });
});

describe('the age of what is shown', () => {
  const start = Date.parse('2026-11-23T08:15:00Z');

  it('counts for as long as a hidden window may wait', () => {
    expect(isAnswerOld(start, start + 120_000)).toBe(false);
    expect(isAnswerOld(start, start + 120_001)).toBe(true);
  });

  it('finds that expected runs do not come, although the answers look fresh', () => {
    const missing = (minutes: number, next = '2026-11-23T08:30:00.000Z') =>
      isRunMissing('2026-11-23T08:15:00.000Z', next, 900_000, start + minutes * 60_000);
    expect(missing(14)).toBe(false);
    expect(missing(46)).toBe(false);
    expect(missing(46.1)).toBe(true);
    // The API goes on telling the next time, so it is the judge.
    expect(missing(46.1, '2026-11-23T09:15:00.000Z')).toBe(false);
    expect(isRunMissing('2026-11-23T08:15:00.000Z', null, 900_000, start + 9e9)).toBe(false);
    expect(isRunMissing('2026-11-23T08:15:00.000Z', '2026-11-23T08:30:00.000Z', null, start + 9e9)).toBe(false);
  });

  it('learns the interval from scheduled runs alone', () => {
    const run = (trigger: Run['trigger'], startedAt: string) => ({ trigger, startedAt });
    const runs = [
      run('request', '2026-11-23T08:16:00Z'),
      run('timer', '2026-11-23T08:15:00Z'),
      run('timer', '2026-11-23T07:30:00Z'),
    ];
    expect(intervalOf(runs, '2026-11-23T08:30:00Z')).toBe(900_000);
    expect(intervalOf(runs.slice(0, 1), '2026-11-23T08:30:00Z')).toBeNull();
    expect(intervalOf([], null)).toBeNull();
  });
});

describe('the last proof', () => {
  const none = { readable: 0, refused: 0, inconclusive: 0 };
  // Only what it reads of a run.
  const run = (more: object) =>
    ({
      id: '20261123T081500Z-42',
      status: 'completed',
      startedAt: '2026-11-23T08:15:00.000Z',
      controlHeld: true,
      notSeen: 0,
      byExpectation: { allowed: none, denied: { ...none, refused: 97 } },
      ...more,
    }) as Run;

  const broken = [
    run({ status: 'running' }),
    run({ byExpectation: { allowed: none, denied: { ...none, refused: 96, readable: 1 } } }),
    run({ controlHeld: false }),
    run({ notSeen: 1 }),
    run({ status: 'incomplete' }),
  ];

  it('is the newest run that saw all denied mailboxes refused', () => {
    const at = '2026-11-23T08:15:02.000Z';
    expect(lastProof([...broken, run({ oldestProof: at })])).toEqual({ kind: 'proven', at });
    expect(lastProof([...broken, run({})])).toEqual({ kind: 'proven', at: '2026-11-23T08:15:00.000Z' });
  });

  it('is no proof where one mailbox waits for its own, or has never had one', () => {
    const at = '2026-11-22T08:15:00.000Z';
    expect(lastProof([run({ ...broken[1], oldestProof: at })])).toEqual({ kind: 'waits', at });
    expect(lastProof(broken)).toBeNull();
    expect(lastProof([])).toBeNull();
  });
});
