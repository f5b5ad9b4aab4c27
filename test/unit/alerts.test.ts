// The pure parts of alerts: what is due, and the formats.
import { AdaptiveCard, SerializationContext } from 'adaptivecards';
import { CloudEvent, HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { type Alert, type AlertItem, MOST_ITEMS, noCounts } from '../../src/alerts/alert.ts';
import { happeningsOf, stampsFor } from '../../src/alerts/announcement.ts';
import { claimEnd, isClaimed } from '../../src/alerts/claim.ts';
import { isReminderDue, nextAttempt } from '../../src/alerts/due.ts';
import { FORMATS } from '../../src/alerts/formats/formats.ts';
import { EMPTY_TALLY } from '../../src/rules/tally.ts';
import { ALERT_FORMATS } from '../../src/settings/settings.ts';
import type { Attempt, Cursor } from '../../src/storage/cursorStore.ts';
import type { DriftSummary } from '../../src/storage/driftStore.ts';
import type { Run } from '../../src/storage/runStore.ts';
import { runAt } from '../support/rules.ts';

const HOUR = 3_600_000;

interface RunMade {
  readonly held?: boolean;
  readonly status?: Run['status'];
  readonly roles?: readonly string[];
  readonly policy?: number;
}

function runOf(
  number: number,
  { held = true, status = 'completed', roles = ['Mail.ReadBasic.All'], policy = 1 }: RunMade = {},
): Run {
  const { startedAt } = runAt(number, number * HOUR);
  const messageClasses = { 'application-access-policy': policy, generic: 1 - policy, other: 0 };
  const byExpectation = { ...EMPTY_TALLY.byExpectation, denied: { readable: 0, refused: 1, inconclusive: 0 } };
  const more = { controlHeld: held, shardsWithoutControl: held ? 0 : 1, removed: 0, notSeen: 0, roles };
  return {
    id: `run-${number}`,
    number,
    trigger: 'timer',
    status,
    startedAt,
    finishedAt: startedAt,
    listHash: '',
    mailboxes: 1,
    shards: 1,
    skippedTicks: 0,
    missedTicks: 0,
    missedTotal: 0,
    touchedAt: startedAt,
    result: { ...EMPTY_TALLY, messageClasses, byExpectation, throttled: 0, waitedMs: 0, ...more },
    probableCause: null,
    problem: null,
    endedBy: null,
  };
}

/** Runs, newest first, as the store lists them. */
const runs = (...made: readonly RunMade[]) => made.map((one, index) => runOf(index + 1, one)).reverse();

function cursorAt(number: number, more: Partial<Cursor> = {}): Cursor {
  const { startedAt } = runAt(number, number * HOUR);
  return {
    breachesUpTo: number,
    breachesAt: startedAt,
    restUpTo: number,
    restAt: startedAt,
    blind: false,
    roles: ['Mail.ReadBasic.All'],
    attempt: null,
    claimedUntil: null,
    lastStamp: null,
    lastError: null,
    lastAcceptedAt: null,
    ...more,
  };
}

const options = { now: new Date('2026-11-23T20:00:00Z'), paused: false, couldSee: true, resource: 'mail' } as const;

describe('what is due', () => {
  it('is nothing without runs, or when all were announced', () => {
    expect(nextAttempt(null, [], options)).toBeNull();
    expect(nextAttempt(cursorAt(2), runs({}, {}), options)).toBeNull();
  });

  it('is everything since the cursor, under the newest run’s id', () => {
    expect(nextAttempt(cursorAt(1), runs({}, {}, {}), options)).toMatchObject({
      id: 'run-3',
      first: false,
      breaches: { after: 1, upTo: 3, from: runOf(1).startedAt, to: runOf(3).startedAt },
      rest: { after: 1, upTo: 3 },
      monitor: null,
      rolesGained: [],
    });
  });

  it('begins at the newest run when there was no alert yet', () => {
    expect(nextAttempt(null, runs({}, {}, {}), options)).toMatchObject({
      first: true,
      breaches: { after: 2, upTo: 3 },
    });
  });

  it('holds back everything but breaches in a pause, and announces it after', () => {
    const paused = nextAttempt(cursorAt(1), runs({}, {}), { ...options, paused: true });
    expect(paused).toMatchObject({ breaches: { after: 1, upTo: 2 }, rest: null });
    const held = cursorAt(3, { restUpTo: 1, restAt: runOf(1).startedAt });
    const after = nextAttempt(held, runs({}, {}, {}, {}), options);
    expect(after).toMatchObject({ breaches: { after: 3, upTo: 4 }, rest: { after: 1, upTo: 4 } });
    // A run has one attempt: a second one under the same id would tell of its breaches again.
    for (const paused of [true, false]) expect(nextAttempt(held, runs({}, {}, {}), { ...options, paused })).toBeNull();
  });

  it.each<[string, RunMade[], Partial<Cursor>, boolean, Attempt['monitor']]>([
    ['one run without control', [{}, { held: false }], {}, true, null],
    ['two in a row', [{ held: false }, { held: false }], {}, true, 'blind'],
    [
      'an incomplete run between',
      [{ held: false }, { held: false, status: 'incomplete' }, { held: false }],
      {},
      true,
      'blind',
    ],
    ['two in a row, announced already', [{ held: false }, { held: false }], { blind: true }, true, null],
    ['two in a row before anything could be seen', [{ held: false }, { held: false }], {}, false, null],
    ['a held control after it', [{ held: false }, {}], { blind: true }, true, 'seeing'],
    ['a held control as ever', [{}, {}], {}, true, null],
  ])('says whether the monitor sees: %s', (_, made, cursor, couldSee, monitor) => {
    expect(nextAttempt(cursorAt(0, cursor), runs(...made), { ...options, couldSee })?.monitor).toBe(monitor);
  });

  it('announces a new read role once, and no other role', () => {
    const gained = runs({}, { roles: ['Mail.Read', 'Mail.ReadBasic.All', 'User.Read.All'] });
    expect(nextAttempt(cursorAt(1), gained, options)).toMatchObject({
      rolesGained: ['Mail.Read'],
      roles: ['Mail.Read', 'Mail.ReadBasic.All'],
    });
    const known = cursorAt(1, { roles: ['Mail.Read', 'Mail.ReadBasic.All'] });
    expect(nextAttempt(known, gained, options)).toMatchObject({ rolesGained: [] });
    expect(nextAttempt(null, gained, options)).toMatchObject({
      rolesGained: [],
      roles: ['Mail.Read', 'Mail.ReadBasic.All'],
    });
  });

  it('announces only roles that read what is asked for', () => {
    const before = ['Mail.Read', 'Contacts.Read', 'Calendars.Read'];
    const after = ['Mail.ReadWrite', 'Calendars.Read', 'Calendars.ReadBasic.All', 'Mail-Advanced.ReadWrite.All'];
    const changed = runs({ roles: before }, { roles: after }, { roles: after }, { roles: after });
    const from = cursorAt(1, { roles: before });
    expect(nextAttempt(from, changed, { ...options, resource: 'calendar' })).toMatchObject({
      rolesGained: ['Calendars.ReadBasic.All'],
      rolesLost: [],
      roles: ['Calendars.Read', 'Calendars.ReadBasic.All'],
    });
    expect(nextAttempt(from, changed, options)).toMatchObject({
      rolesGained: ['Mail-Advanced.ReadWrite.All', 'Mail.ReadWrite'],
      rolesLost: ['Mail.Read'],
    });
  });

  it('announces a role in a pause only if the role opens mailboxes', () => {
    const roles = ['Mail.Read'];
    const paused = { ...options, paused: true };
    expect(nextAttempt(cursorAt(1, { roles: [] }), runs({ roles: [] }, { roles }), paused)?.rolesGained).toEqual([]);
    const open = runs({ roles: [], policy: 0 }, { roles, policy: 0 });
    expect(nextAttempt(cursorAt(1, { roles: [] }), open, paused)?.rolesGained).toEqual(['Mail.Read']);
  });

  it('announces a lost role after three runs without it', () => {
    const none = { roles: [] };
    expect(nextAttempt(cursorAt(2), runs({}, none, none), options)).toMatchObject({ rolesLost: [] });
    expect(nextAttempt(cursorAt(3), runs({}, none, none, none), options)).toMatchObject({
      rolesLost: ['Mail.ReadBasic.All'],
      roles: [],
    });
  });
});

/** A breach that run 3 opened. */
function drift(more: Partial<DriftSummary>): DriftSummary {
  return {
    id: 'x',
    mailbox: 'a@contoso.example',
    kind: 'breach',
    openedAt: runOf(3).startedAt,
    openedRun: 3,
    firstSight: false,
    closedAt: null,
    closedRun: null,
    closedBecause: null,
    openedAlert: null,
    closedAlert: null,
    ...more,
  };
}

function attempt(after: number, upTo: number, more: Partial<Attempt> = {}): Attempt {
  const range = { after, upTo, from: runOf(after).startedAt, to: runOf(upTo).startedAt };
  const roles = { rolesGained: [], rolesLost: [], roles: [] };
  return {
    id: `run-${upTo}`,
    takenAt: '',
    breaches: range,
    rest: range,
    first: false,
    monitor: null,
    blind: false,
    pass: 'p',
    sealed: false,
    ...roles,
    ...more,
  };
}

describe('a drift of a version that kept no stamps', () => {
  it.each<[string, DriftSummary, Attempt, string[]]>([
    ['opened in the range', drift({}), attempt(2, 3), ['opened']],
    ['opened at first sight', drift({ firstSight: true, kind: 'lockout' }), attempt(2, 3), []],
    ['is a breach at first sight', drift({ firstSight: true }), attempt(2, 3), ['opened']],
    ['opened before it', drift({}), attempt(3, 4), []],
    ['opened before the first alert, and still open', drift({}), attempt(5, 6, { first: true }), ['opened']],
    ['closed in the range', drift({ closedRun: 5, closedBecause: 'refused' }), attempt(4, 5), ['recovered']],
    [
      'opened and closed in the range',
      drift({ closedRun: 5, closedBecause: 'refused' }),
      attempt(2, 5),
      ['opened', 'recovered'],
    ],
    ['closed later', drift({ closedRun: 9, closedBecause: 'refused' }), attempt(2, 5), ['opened']],
    ['declared anew', drift({ closedRun: 5, closedBecause: 'redeclared' }), attempt(4, 5), ['ended']],
    ['no longer listed', drift({ closedRun: 5, closedBecause: 'unlisted' }), attempt(4, 5), ['ended']],
    [
      'that turned into a breach',
      drift({ kind: 'unverified', closedRun: 5, closedBecause: 'readable', recovered: false }),
      attempt(4, 5),
      ['changed'],
    ],
    [
      'that is as declared again',
      drift({ kind: 'unverified', closedRun: 5, closedBecause: 'readable', recovered: true }),
      attempt(4, 5),
      ['recovered'],
    ],
    ['open for a day', drift({}), attempt(26, 27), ['reminder']],
    ['unverified for a day', drift({ kind: 'unverified' }), attempt(26, 27), []],
    ['a lockout in a pause', drift({ kind: 'lockout' }), attempt(2, 3, { rest: null }), []],
    ['a breach in a pause', drift({}), attempt(2, 3, { rest: null }), ['opened']],
  ])('that %s', (_, one, taken, happenings) => {
    expect(happeningsOf(one, taken, 24)).toEqual(happenings);
    expect(stampsFor(one, taken, null)).toEqual({ openedAlert: null, closedAlert: null });
  });
});

describe('a drift', () => {
  const opening = (openedAlert: string, more: Partial<DriftSummary> = {}) => drift({ openedAlert, ...more });
  const ended = (closedAlert: string, more: Partial<DriftSummary> = {}) =>
    opening('run-3~p', { closedAlert, closedRun: 5, closedBecause: 'refused', ...more });

  it.each<[string, DriftSummary, Attempt, string | null, [string | null, string | null]]>([
    ['due in its own run', opening('due'), attempt(2, 3), null, ['run-3~p', null]],
    ['written into a run that was announced already', opening('due'), attempt(7, 8), 'run-7~z', ['run-8~p', null]],
    ['of a later run', opening('due', { openedRun: 9 }), attempt(7, 8), null, [null, null]],
    ['that another alert has', opening('run-7~z'), attempt(7, 8), 'run-7~z', [null, null]],
    ['that this attempt has', opening('run-8~p'), attempt(7, 8), 'run-7~z', [null, null]],
    ['stamped by a pass that did not seal', opening('run-7~late'), attempt(7, 8), 'run-7~z', ['run-8~p', null]],
    ['stamped by an earlier pass of this attempt', opening('run-8~dead'), attempt(7, 8), null, ['run-8~p', null]],
    ['that ended', ended('due'), attempt(4, 5), null, [null, 'run-5~p']],
    ['that ends in a later run', ended('due', { closedRun: 9 }), attempt(4, 5), null, [null, null]],
    ['that came and went', ended('due', { openedAlert: 'due' }), attempt(2, 5), null, ['run-5~p', 'run-5~p']],
    ['that a pause holds', opening('due', { kind: 'lockout' }), attempt(2, 3, { rest: null }), null, [null, null]],
    ['open before the first alert', opening('due'), attempt(7, 8, { first: true }), null, ['run-8~p', null]],
    ['open, told by a lost cursor', opening('run-3~q'), attempt(7, 8, { first: true }), null, ['run-8~p', null]],
    ['over before the first alert', ended('due'), attempt(7, 8, { first: true }), null, [null, 'none']],
  ])('%s is taken once', (_, one, taken, lastStamp, [openedAlert, closedAlert]) => {
    expect(stampsFor(one, taken, lastStamp)).toEqual({ openedAlert, closedAlert });
  });

  it.each<[string, DriftSummary, string[]]>([
    ['taken by it', opening('run-27~p'), ['opened']],
    ['taken by another, open for a day', opening('run-3~p'), ['reminder']],
    ['taken by another pass of it', opening('run-27~q'), ['reminder']],
    ['that is still due', opening('due'), []],
    ['whose end it has taken', ended('run-27~p'), ['recovered']],
    ['whose end another has', ended('run-5~p'), []],
    ['both of which it has', ended('run-27~p', { openedAlert: 'run-27~p' }), ['opened', 'recovered']],
  ])('%s is announced so', (_, one, happenings) => {
    expect(happeningsOf(one, attempt(26, 27, { sealed: true }), 24)).toEqual(happenings);
  });

  it('is repeated after the set number of hours, and never with 0', () => {
    const openedAt = '2026-11-23T00:00:00.000Z';
    const at = (hours: number) => new Date(Date.parse(openedAt) + hours * HOUR).toISOString();
    expect(isReminderDue(openedAt, { from: at(23), to: at(24) }, 24)).toBe(true);
    expect(isReminderDue(openedAt, { from: at(24), to: at(25) }, 24)).toBe(false);
    expect(isReminderDue(openedAt, { from: at(40), to: at(50) }, 24)).toBe(true);
    expect(isReminderDue(openedAt, { from: at(-5), to: at(0) }, 24)).toBe(false);
    expect(isReminderDue(openedAt, { from: at(23), to: at(999) }, 0)).toBe(false);
  });
});

describe('a claim', () => {
  const now = new Date('2026-11-23T08:00:00Z');
  const inMs = (ms: number) => new Date(now.getTime() + ms).toISOString();

  it.each([
    ['none', null, false],
    ['just made', claimEnd(now), true],
    ['over', inMs(-1), false],
    ['made by a clock a little ahead', inMs(30_000), true],
    ['longer than a claim can be', inMs(HOUR), false],
    ['that is no time', 'soon', false],
  ])('%s', (_, until, stands) => {
    expect(isClaimed(until, now)).toBe(stands);
  });
});

const NASTY = '<b>*x*</b>_[y](http://evil.example)`&@contoso.example';

function alertOf(mailboxes: number, name = NASTY): Alert {
  const item: AlertItem = {
    happening: 'opened',
    kind: 'breach',
    mailbox: name,
    since: '2026-11-23T08:00:00.000Z',
    closedAt: null,
    closedBecause: null,
    requestId: '46b37884-6e30-4dd1-88ed-8f3de7679865',
    probableCause: 'The policy is gone, or no longer names this app: all 3 denied mailboxes became readable.',
  };
  const counts = noCounts();
  counts.opened.breach = mailboxes;
  const items = Array.from({ length: Math.min(mailboxes, MOST_ITEMS) }, () => item);
  const notices = ['The monitor sees again: it could read an allowed mailbox before and after the others.'];
  const apiUrl = 'https://mailscope.azurewebsites.net/api';
  const origin = { scope: 'default', title: 'Mailscope' };
  const [id, time] = ['20261123T080000Z-7', '2026-11-23T08:00:00.000Z'];
  return { ...origin, id, time, counts, items, notices, apiUrl, test: false };
}

/** How many mailboxes a body names, how many more it says there are, and how many notices it has. */
function countsIn(format: (typeof ALERT_FORMATS)[number], body: string) {
  const message = JSON.parse(body);
  if (format === 'cloudevents') {
    const { items, more, notices } = message.data;
    return { shown: items.length as number, more: more as number, told: notices.length as number };
  }
  const blocks: { text: string | { text: string } }[] = message.blocks ?? message.attachments[0].content.body;
  const texts = blocks.map(({ text }) => (typeof text === 'string' ? text : text.text));
  const shown = texts.filter((text) => text.includes('breach since')).length;
  const [, more = '0'] = /… and (\d+) more\./.exec(texts.join('\n')) ?? [];
  const others = texts.filter((text) => /^(Mailscope:|Act now|Drift: |… and \d+ more\.)/.test(text)).length;
  return { shown, more: Number(more), told: texts.length - shown - others };
}

describe('the formats', () => {
  it.each(ALERT_FORMATS)('%s stays under 28 KB with a hundred thousand breaches', (format) => {
    const long = `${'<*_[&]>'.repeat(40)}@contoso.example`;
    const item = { ...alertOf(100_000, long), notices: Array.from({ length: 10 }, () => 'x'.repeat(200)) };
    const { body } = FORMATS[format](item);
    expect(Buffer.byteLength(body)).toBeLessThan(28 * 1024);
    expect(body).toContain('100000 breaches opened');
    expect(body).toMatch(format === 'cloudevents' ? /"items"/ : /99980 more/);
  });

  const FILLS: readonly (readonly [string, string, string, string])[] = [
    ['ASCII', 'a'.repeat(64), 'a'.repeat(255), 'The policy is gone. '],
    ['CJK and underscores', '会'.repeat(64), '_'.repeat(255), '会'],
    ['emoji', '😀'.repeat(32), '😀'.repeat(127), '😀'],
    ['quotes and markup', '"'.repeat(64), '<&>*`~|#'.repeat(31), '\\"&<_'],
    ['escapes', '\u0001'.repeat(64), '\u0001'.repeat(255), '\u0001'],
  ];

  const SIZED = ALERT_FORMATS.flatMap((format) => FILLS.map((fill) => [format, ...fill] as const));

  it.each(SIZED)('%s with names, causes, ids and notices of %s is under 28 KB', (format, _, local, domain, text) => {
    const base = alertOf(1_000, `${local}@${domain}`);
    const items = base.items.map((item) => ({
      ...item,
      requestId: text.repeat(500),
      probableCause: text.repeat(2_000),
    }));
    const notices = Array.from({ length: 10 }, () => text.repeat(1_000));
    const { body } = FORMATS[format]({ ...base, items, notices });
    expect(Buffer.byteLength(body)).toBeLessThan(28 * 1024);
    expect(body).toContain('1000 breaches opened');
    expect(body.isWellFormed()).toBe(true);
    const { shown, more, told } = countsIn(format, body);
    expect(shown).toBeGreaterThan(5);
    expect(shown + more).toBe(1_000);
    expect(told).toBe(10);
  });

  it('a few mailboxes with ordinary names are all there, with whole causes', () => {
    for (const format of ALERT_FORMATS) {
      const { body } = FORMATS[format](alertOf(20, 'support@contoso.example'));
      expect(countsIn(format, body)).toMatchObject({ shown: 20, more: 0 });
      expect(body).toContain('all 3 denied mailboxes became readable.');
    }
  });

  it('say how many notices are left out', () => {
    const notices = Array.from({ length: 2_000 }, (_, index) => `The run ${index} is incomplete.`);
    for (const format of ALERT_FORMATS) {
      const { body } = FORMATS[format]({ ...alertOf(0), notices });
      expect(Buffer.byteLength(body)).toBeLessThan(28 * 1024);
      const [, more] = /… and (\d+) more notices\./.exec(body) ?? [];
      expect(body.match(/The run \d+ is incomplete\./g)).toHaveLength(2_000 - Number(more));
    }
  });

  it('do not call it a recovery when an unverified mailbox turns out to be a breach', () => {
    const alert = alertOf(0, 'a@contoso.example');
    const counts = noCounts();
    counts.opened.breach = 1;
    counts.changed.unverified = 1;
    counts.recovered.unverified = 1;
    const item = alertOf(1, 'a@contoso.example').items[0] as AlertItem;
    const closedAt = '2026-11-23T09:00:00.000Z';
    const changed: AlertItem = { ...item, happening: 'changed', kind: 'unverified', closedAt, probableCause: null };
    const { body } = FORMATS.slack({ ...alert, counts, notices: [], items: [item, changed] });
    const [header, , , line] = JSON.parse(body).blocks;
    expect(header.text.text).toBe(
      'Mailscope: 1 breach opened, 1 mailbox unverified found not as declared, 1 mailbox unverified recovered',
    );
    expect(line.text.text).toContain('found not as declared 2026-11-23T09:00:00.000Z (not a recovery)');
  });

  it('cloudevents is a valid CloudEvent', () => {
    const { contentType, body } = FORMATS.cloudevents(alertOf(3));
    const event = HTTP.toEvent<Record<string, unknown>>({ headers: { 'content-type': contentType }, body });
    if (Array.isArray(event)) throw new Error('it is one event');
    expect(new CloudEvent(event).validate()).toBe(true);
    expect(event).toMatchObject({
      specversion: '1.0',
      id: '20261123T080000Z-7',
      type: 'mailscope.alert',
      source: 'https://mailscope.azurewebsites.net/api',
    });
    expect(event.data).toMatchObject({
      headline: 'Mailscope: 3 breaches opened, the monitor sees again',
      items: [{ mailbox: NASTY }, {}, {}],
    });
  });

  it('teams is a valid Adaptive Card, and its names are not markup', () => {
    const message = JSON.parse(FORMATS.teams(alertOf(2)).body);
    const [{ contentType, content }] = message.attachments;
    expect([message.type, contentType]).toEqual(['message', 'application/vnd.microsoft.card.adaptive']);
    expect(content).toMatchObject({
      version: '1.4',
      fallbackText: 'Mailscope: 2 breaches opened, the monitor sees again',
      msteams: { width: 'Full' },
    });
    const context = new SerializationContext();
    const card = new AdaptiveCard();
    card.parse(content, context);
    expect(Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index))).toEqual([]);
    expect(content.body.every((block: { wrap: boolean }) => block.wrap)).toBe(true);
    const line = content.body.at(-1).text as string;
    expect(line).toContain('\\<b\\>\\*x\\*\\</b\\>\\_\\[y\\]\\(http://evil.example\\)\\`&@contoso.example');
  });

  it('slack has blocks within their limits, and its names are not markup', () => {
    const { text, blocks } = JSON.parse(FORMATS.slack(alertOf(20)).body);
    expect(text).toBe('Mailscope: 20 breaches opened, the monitor sees again');
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(blocks[0]).toMatchObject({ type: 'header', text: { type: 'plain_text' } });
    for (const block of blocks.slice(1)) {
      expect(block).toMatchObject({ type: 'section', text: { type: 'mrkdwn' } });
      expect(block.text.text.length).toBeLessThanOrEqual(3_000);
    }
    const lines = blocks.map((block: { text: { text: string } }) => block.text.text).join('\n');
    expect(lines).toContain('&lt;b&gt;');
    expect(lines).not.toMatch(/<b>|\*x\*/);
  });

  it('say what to do next', () => {
    const { body } = FORMATS.cloudevents(alertOf(1));
    expect(JSON.parse(body).data.advice[0]).toMatch(/^Act now: the app can read mailboxes that it must not read\./);
    const test = FORMATS.cloudevents({ ...alertOf(0), notices: [], test: true });
    expect(JSON.parse(test.body)).toMatchObject({
      type: 'mailscope.test',
      data: { headline: 'Mailscope: this is a test alert' },
    });
  });
});
