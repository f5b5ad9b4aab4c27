// The rules of evidence: each row of the table, the limits of time, and random histories that must keep the invariants.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/rules/classify.ts';
import { driftChanges, openDrift } from '../../src/rules/drift.ts';
import { isDrift, type JudgingRun, judge, type MailboxState, type RuleSettings } from '../../src/rules/judge.ts';
import type { Expectation } from '../../src/rules/mailbox.ts';
import { EMPTY_TALLY, sum, type Tally, tally } from '../../src/rules/tally.ts';
import { HISTORIES } from '../support/histories.ts';
import { observed, runAt } from '../support/rules.ts';

const RULES: RuleSettings = { propagationMinutes: 120, lockoutAfterRuns: 2, unverifiedAfterRuns: 3 };
const MINUTE = 60_000;

/** Steps as letters: o readable, x refused, ? inconclusive, u refused without a held control. One run each 15 minutes. */
function play(expectation: Expectation, letters: string, rules = RULES, first: MailboxState | null = null) {
  let state = first;
  const verdicts: string[] = [];
  for (const letter of letters) {
    const number = (state?.lastRun ?? 0) + 1;
    const run = runAt(number, 15 * MINUTE * (number - 1));
    state = judge(state, observed(letter, run), { expectation, run, rules });
    verdicts.push(state.verdict);
  }
  return { state: state as MailboxState, verdicts: verdicts.join(' ') };
}

const LONG_GRACE = { ...RULES, propagationMinutes: 10_000 };
const NO_GRACE = { ...RULES, propagationMinutes: 0 };

describe('the rule table', () => {
  it.each<[string, Expectation, string, RuleSettings, string]>([
    ['denied, refused under a held control', 'denied', 'x', RULES, 'compliant'],
    ['denied, refused without one', 'denied', 'u', RULES, 'pending'],
    ['denied, refused without one, after proof', 'denied', 'xu', RULES, 'compliant compliant'],
    ['denied, readable after it was proven refused', 'denied', 'xo', LONG_GRACE, 'compliant breach'],
    ['denied, readable when the grace period is over', 'denied', 'o', NO_GRACE, 'breach'],
    ['denied, readable in the grace period', 'denied', 'oo', LONG_GRACE, 'pending pending'],
    ['denied, readable after an unproven refusal only', 'denied', 'uo', LONG_GRACE, 'pending pending'],
    ['denied, refused again', 'denied', 'xox', RULES, 'compliant breach compliant'],
    ['denied, refused again without control', 'denied', 'xou', RULES, 'compliant breach breach'],
    ['allowed, readable', 'allowed', 'o', RULES, 'compliant'],
    ['allowed, refused once', 'allowed', 'ox', RULES, 'compliant pending'],
    ['allowed, refused twice', 'allowed', 'oxx', LONG_GRACE, 'compliant pending lockout'],
    ['allowed, refused whatever the control', 'allowed', 'ouu', LONG_GRACE, 'compliant pending lockout'],
    [
      'allowed, refused from the first run on, in the grace period',
      'allowed',
      'xxxx',
      LONG_GRACE,
      'pending pending pending pending',
    ],
    ['allowed, refused from the first sight without grace period', 'allowed', 'xx', NO_GRACE, 'pending lockout'],
    ['allowed, an inconclusive run between refusals', 'allowed', 'ox?x', RULES, 'compliant pending pending lockout'],
    ['allowed, readable between refusals', 'allowed', 'oxox', RULES, 'compliant pending compliant pending'],
    ['inconclusive at first sight', 'denied', '?', NO_GRACE, 'pending'],
    [
      'inconclusive in the first run, when one run is enough',
      'denied',
      '?',
      { ...NO_GRACE, unverifiedAfterRuns: 1 },
      'unverified',
    ],
    ['inconclusive three times after proof', 'denied', 'x???', RULES, 'compliant compliant compliant unverified'],
    [
      'inconclusive without proof in the grace period',
      'allowed',
      '????',
      LONG_GRACE,
      'pending pending pending pending',
    ],
    [
      'inconclusive while a breach is open',
      'denied',
      'xo?????',
      RULES,
      'compliant breach breach breach breach breach breach',
    ],
    [
      'inconclusive while a lockout is open',
      'allowed',
      'oxx????',
      RULES,
      'compliant pending lockout lockout lockout lockout lockout',
    ],
    [
      'refusals without a control age like inconclusive results',
      'denied',
      'xuuu',
      RULES,
      'compliant compliant compliant unverified',
    ],
    ['unverified, then refused', 'denied', 'x???x', RULES, 'compliant compliant compliant unverified compliant'],
    ['unverified, then readable', 'denied', 'x???o', RULES, 'compliant compliant compliant unverified breach'],
  ])('%s', (_, expectation, letters, rules, verdicts) => {
    expect(play(expectation, letters, rules).verdicts).toBe(verdicts);
  });
});

describe('time', () => {
  const after = (ms: number, previous: MailboxState) => {
    const run = { ...runAt(2, 0), startedAt: new Date(Date.parse(previous.declaredAt) + ms).toISOString() };
    return judge(previous, observed('o', run), { expectation: 'denied', run, rules: RULES }).verdict;
  };
  const first = play('denied', 'o').state;

  it.each([
    ['a millisecond before its end', 120 * MINUTE - 1, 'pending'],
    ['at its end', 120 * MINUTE, 'breach'],
    ['with a clock set back', -60 * MINUTE, 'pending'],
  ])('the grace period %s', (_, ms, verdict) => {
    expect(after(ms, first)).toBe(verdict);
  });

  it('a mailbox that no shard reached ages with the run numbers', () => {
    const { state } = play('denied', 'x');
    const run = runAt(4, 0);
    expect(judge(state, observed('?', run), { expectation: 'denied', run, rules: RULES }).verdict).toBe('unverified');
  });

  it('a longer grace period does not close an open breach', () => {
    const { state } = play('denied', 'o', NO_GRACE);
    expect(play('denied', 'o', LONG_GRACE, state).verdicts).toBe('breach');
  });

  it('a stricter lockout rule does not close an open lockout', () => {
    const { state } = play('allowed', 'oxx');
    expect(play('allowed', 'x', { ...RULES, lockoutAfterRuns: 9 }, state).verdicts).toBe('lockout');
  });

  it('a state that this run or a later one has judged does not change', () => {
    const { state } = play('denied', 'xxx');
    for (const number of [1, 2, 3]) {
      const run = runAt(number, 0);
      expect(judge(state, observed('o', run), { expectation: 'denied', run, rules: RULES })).toBe(state);
    }
  });

  it('a state remembers the last 48 runs', () => {
    expect(play('denied', `${'?'.repeat(10)}${'x'.repeat(40)}`).state.recent).toBe(`${'?'.repeat(8)}${'x'.repeat(40)}`);
  });

  it.each<[string, Expectation, string, string]>([
    ['a refusal of a denied mailbox without a held control is no result', 'denied', 'xux', 'x?x'],
    ['a refusal of an allowed mailbox needs no control', 'allowed', 'ouo', 'oxo'],
  ])('in what is remembered, %s', (_, expectation, letters, recent) => {
    expect(play(expectation, letters).state.recent).toBe(recent);
  });

  it.each<[string, JudgingRun, string]>([
    ['the run after the last one', runAt(3, 0, 5), 'xxx'],
    ['a run after two that did not reach the mailbox', runAt(5, 0, 5), 'xx..x'],
    ['a run after three missed ticks', runAt(3, 0, 8), 'xx...x'],
    ['a run after both', runAt(4, 0, 6), 'xx..x'],
    ['a run after a very long time', runAt(3, 0, 10_005), `${'.'.repeat(47)}x`],
    ['a run whose sum began again, because an earlier version ran in between', runAt(4, 0, 0), 'xx.x'],
    ['a run that an earlier version began', { ...runAt(3, 0), missedTotal: null }, 'xxx'],
  ])('%s finds its holes', (_, run, recent) => {
    const state = { ...play('denied', 'xx').state, missedTotal: 5 };
    expect(judge(state, observed('x', run), { expectation: 'denied', run, rules: RULES }).recent).toBe(recent);
  });

  it('a state of an earlier version has missed nothing', () => {
    const state = { ...play('denied', 'xx').state, missedTotal: null };
    const run = runAt(3, 0, 2);
    const next = judge(state, observed('x', run), { expectation: 'denied', run, rules: RULES });
    expect(next).toMatchObject({ recent: 'xx..x', missedTotal: 2 });
  });

  it('a mailbox has no holes from before it was declared', () => {
    const run = runAt(9, 0, 40);
    expect(judge(null, observed('x', run), { expectation: 'denied', run, rules: RULES }).recent).toBe('x');
    const before = play('allowed', 'oo').state;
    expect(judge(before, observed('x', run), { expectation: 'denied', run, rules: RULES }).recent).toBe('x');
  });
});

describe('drift', () => {
  it('opens with its verdict and closes with the observation', () => {
    const before = play('denied', 'x').state;
    const breach = play('denied', 'o', RULES, before).state;
    expect(driftChanges(before, breach, runAt(2, 0))).toEqual({
      closed: null,
      opened: {
        id: '2-a@contoso.example',
        mailbox: 'a@contoso.example',
        kind: 'breach',
        openedAt: breach.since,
        openedRun: 2,
        firstSight: false,
      },
    });
    const after = play('denied', 'x', RULES, breach).state;
    expect(driftChanges(breach, after, runAt(3, 7))).toEqual({
      closed: { id: '2-a@contoso.example', closedAt: runAt(3, 7).startedAt, closedRun: 3, closedBecause: 'refused' },
      opened: null,
    });
    expect(driftChanges(breach, play('denied', '?', RULES, breach).state, runAt(3, 7))).toEqual({
      closed: null,
      opened: null,
    });
  });

  it('of one kind closes and another kind opens in one step', () => {
    const unverified = play('denied', 'x???').state;
    const breach = play('denied', 'o', RULES, unverified).state;
    expect(driftChanges(unverified, breach, runAt(5, 0))).toMatchObject({
      closed: { id: '4-a@contoso.example', closedBecause: 'readable' },
      opened: { id: '5-a@contoso.example', kind: 'breach' },
    });
  });

  it('closes without a recovery when the mailbox has a new expectation or is no longer listed', () => {
    const breach = play('denied', 'xo').state;
    const redeclared = play('allowed', 'o', RULES, breach).state;
    expect(redeclared).toMatchObject({ verdict: 'compliant', declaredRun: 3, addedRun: 1, recent: 'o' });
    expect(driftChanges(breach, redeclared, runAt(3, 0)).closed?.closedBecause).toBe('redeclared');
    expect(driftChanges(breach, null, runAt(3, 0)).closed?.closedBecause).toBe('unlisted');
    const again = play('allowed', '?', { ...NO_GRACE, unverifiedAfterRuns: 1 }, play('denied', 'x???').state).state;
    expect(driftChanges(play('denied', 'x???').state, again, runAt(5, 0))).toMatchObject({
      closed: { closedBecause: 'redeclared' },
      opened: { kind: 'unverified' },
    });
  });
});

describe('the tally of a run', () => {
  it('counts only states of its own run', () => {
    const states = [
      play('denied', 'xo').state,
      play('denied', 'xx').state,
      play('allowed', 'o').state,
      play('allowed', 'o', RULES, play('denied', 'x').state).state,
      play('denied', 'ox', NO_GRACE).state,
      play('denied', 'x?', RULES).state,
    ];
    const counted = tally(states, 2);
    expect(counted).toEqual({
      mailboxes: 5,
      outcomes: { readable: 2, refused: 2, inconclusive: 1 },
      verdicts: { compliant: 4, breach: 1, lockout: 0, unverified: 0, pending: 0 },
      messageClasses: { 'application-access-policy': 2, generic: 0, other: 0 },
      opened: 1,
      closed: 1,
      added: 0,
      redeclared: 1,
      byExpectation: {
        allowed: { readable: 1, refused: 0, inconclusive: 0 },
        denied: { readable: 1, refused: 2, inconclusive: 1 },
      },
      verdictsByExpectation: {
        allowed: { compliant: 1, breach: 0, lockout: 0, unverified: 0, pending: 0 },
        denied: { compliant: 3, breach: 1, lockout: 0, unverified: 0, pending: 0 },
      },
      oldestProof: runAt(1, 0).startedAt,
      openedByKind: { breach: 1, lockout: 0, unverified: 0 },
      openedNames: { breach: ['a@contoso.example'], lockout: [] },
    });
    expect(tally(states, 1)).toMatchObject({ mailboxes: 1, added: 1 });
    expect(sum([counted, tally(states, 1), EMPTY_TALLY]).outcomes.readable).toBe(3);
  });
});

describe('the oldest proof', () => {
  const proven = (letters: string) => play('denied', letters).state;
  const [first, second, third] = [1, 2, 3].map((number) => runAt(number, 15 * MINUTE * (number - 1)).startedAt);

  it.each<[string, readonly MailboxState[], string | null | undefined]>([
    ['is that of the mailbox that was proven first', [proven('xxx'), proven('xx?'), proven('xxx')], second],
    ['is no younger for a mailbox in breach', [proven('xxx'), proven('xoo')], first],
    ['is no younger for a mailbox that the run did not see', [proven('xxx'), proven('x')], first],
    ['is the declaration of a mailbox that was never proven', [proven('xxx'), proven('???')], first],
    ['is that of this run when all were proven in it', [proven('xxx'), proven('?xx')], third],
    ['does not count allowed mailboxes', [proven('xxx'), play('allowed', 'o??').state], third],
    ['does not exist when none is denied', [play('allowed', 'ooo').state], null],
  ])('%s', (_, states, oldest) => {
    expect(tally(states, 3).oldestProof).toBe(oldest);
    // The same, with a shard for each mailbox.
    expect(sum(states.map((state) => tally([state], 3))).oldestProof).toBe(oldest);
  });

  it('and the verdicts for each expectation are unknown when an earlier version has counted a shard', () => {
    const { verdictsByExpectation: _, oldestProof: __, ...earlier } = tally([proven('x')], 1);
    // Read from the JSON of a row.
    const shards = [tally([proven('x')], 1), earlier as Tally, tally([proven('x')], 1)];
    expect(sum(shards)).toMatchObject({ mailboxes: 3, verdictsByExpectation: null, oldestProof: null });
    expect(sum(shards.slice(0, 1))).toMatchObject({
      verdictsByExpectation: { denied: { compliant: 1 } },
      oldestProof: first,
    });
  });
});

interface Step {
  readonly letter: string;
  readonly expectation: Expectation;
  readonly runs: number;
  readonly missed: number;
  readonly minutes: number;
  readonly rules: RuleSettings;
}

const expectations = fc.constantFrom<Expectation>('denied', 'allowed');
const ruleSettings = fc.record({
  propagationMinutes: fc.constantFrom(0, 15, 60),
  lockoutAfterRuns: fc.integer({ min: 1, max: 3 }),
  unverifiedAfterRuns: fc.integer({ min: 1, max: 4 }),
});
/** Mostly one expectation and constant settings, sometimes others. Runs are skipped, and clocks go back. */
const histories = fc.tuple(expectations, ruleSettings).chain(([usual, steady]) =>
  fc.array(
    fc.record<Step>({
      letter: fc.constantFrom('o', 'x', 'u', '?'),
      expectation: fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: expectations }),
      runs: fc.oneof(
        { weight: 5, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) },
      ),
      missed: fc.oneof(
        { weight: 9, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) },
      ),
      minutes: fc.oneof(
        { weight: 9, arbitrary: fc.constant(15) },
        { weight: 1, arbitrary: fc.integer({ min: -60, max: 120 }) },
      ),
      rules: fc.oneof({ weight: 12, arbitrary: fc.constant(steady) }, { weight: 1, arbitrary: ruleSettings }),
    }),
    { maxLength: 14 },
  ),
);

describe(`${HISTORIES} random histories`, () => {
  it('keep every invariant', { timeout: 120_000 }, () => {
    fc.assert(fc.property(histories, checkHistory), { numRuns: HISTORIES });
  });
});

function checkHistory(steps: readonly Step[]): void {
  let state: MailboxState | null = null;
  let number = 0;
  let now = Date.parse('2026-11-23T00:00:00Z');
  let missedTotal = 0;
  let recent = '';
  let open: string | null = null;
  for (const step of steps) {
    number += step.runs;
    missedTotal += step.missed;
    now += step.minutes * MINUTE;
    const run = { number, startedAt: new Date(now).toISOString(), missedTotal };
    const next: MailboxState = judge(state, observed(step.letter, run), { ...step, run });
    checkStep(state, next, step, run);
    const holes = '.'.repeat(step.runs - 1 + step.missed);
    const letter = step.letter === 'u' ? (step.expectation === 'denied' ? '?' : 'x') : step.letter;
    recent = (state?.expectation === step.expectation ? recent + holes + letter : letter).slice(-48);
    must(next.recent === recent, 'a letter for each run, and a dot for each hole');

    const { closed, opened } = driftChanges(state, next, run);
    // Drift opens and closes alternately, so at most one is open.
    if (closed) must(open === closed.id, 'what closes was open');
    if (closed) open = null;
    if (opened) must(open === null, 'what opens finds none open');
    if (opened) open = opened.id;
    must(open === (openDrift(next)?.id ?? null), 'the open drift follows from the state');
    must((open !== null) === isDrift(next.verdict), 'a drift is open exactly under its verdicts');
    state = next;
  }
}

function checkStep(previous: MailboxState | null, next: MailboxState, step: Step, run: JudgingRun): void {
  const { expectation, letter } = step;
  const known = previous?.expectation === expectation ? previous : null;
  const judgement = { ...step, run };
  must(judge(next, observed(letter, run), judgement) === next, 'judging the same run twice changes nothing');
  const inconclusive = letter === '?' || (letter === 'u' && expectation === 'denied');
  if (inconclusive) {
    must(next.provenAt === (known?.provenAt ?? null), 'without evidence provenAt does not move');
    must(next.verdict !== 'compliant' || known?.verdict === 'compliant', 'without evidence nothing becomes compliant');
    for (const kind of ['breach', 'lockout'] as const) {
      must(
        (next.verdict === kind) === (known?.verdict === kind),
        'without evidence no breach or lockout opens or closes',
      );
    }
  }
  if (expectation === 'denied' && letter === 'o' && known?.provenAt)
    must(next.verdict === 'breach', 'a breach shows at once');
  if (expectation === 'denied' && letter === 'x') must(next.verdict === 'compliant', 'a proven refusal is compliant');
  if (expectation === 'allowed' && letter === 'o')
    must(next.verdict === 'compliant', 'a readable allowed mailbox is compliant');
  must(!(expectation === 'denied' && next.verdict === 'lockout'), 'a denied mailbox is never locked out');
  must(!(expectation === 'allowed' && next.verdict === 'breach'), 'an allowed mailbox is never breached');
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

describe('the order in which mailboxes are judged', () => {
  it('does not matter', () => {
    const outcomes: readonly Outcome[] = ['readable', 'refused', 'inconclusive'];
    const run = runAt(1, 0);
    const all = outcomes.map((outcome) => ({ ...observed('o', run), outcome, mailbox: `${outcome}@contoso.example` }));
    const states = (list: typeof all) =>
      list.map((one) => judge(null, one, { expectation: 'denied', run, rules: RULES }));
    expect(states(all.toReversed()).toReversed()).toEqual(states(all));
  });
});
