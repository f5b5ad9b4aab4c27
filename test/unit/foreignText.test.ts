// Text of Graph, of tokens and of people who send mail is cut, so that every row fits into a table.
import { describe, expect, it } from 'vitest';
import { messageIn } from '../../src/graph/latestMessage.ts';
import { rolesOf } from '../../src/graph/tokens.ts';
import { classify } from '../../src/rules/classify.ts';
import { cut, cutWord, fewRoles, LONGEST } from '../../src/rules/foreignText.ts';
import type { Observation } from '../../src/rules/observation.ts';
import { isWrongTenant, reasonText } from '../../src/rules/reasons.ts';
import { RESOURCES } from '../../src/rules/resources.ts';
import { EMPTY_TALLY } from '../../src/rules/tally.ts';

describe('a text', () => {
  it.each([
    ['', ''],
    ['Hello', 'Hello'],
    ['0123456789', '0123456789'],
    ['01234567890', '012345678…'],
    ['🙂🙂🙂🙂🙂', '🙂🙂🙂🙂🙂'],
    ['🙂🙂🙂🙂🙂🙂', '🙂🙂🙂🙂…'],
    ['a🙂🙂🙂🙂🙂', 'a🙂🙂🙂🙂…'],
    // A family of three people and two joiners is one character of eight code units.
    ['abc👨‍👩‍👧def', 'abc…'],
    ['e\u0301'.repeat(6), `${'e\u0301'.repeat(4)}…`],
    ['half \ud83d', 'half \ufffd'],
    ['long half \ud83d', 'long half…'],
  ])('of at most ten code units keeps whole characters: %j', (text, shown) => {
    expect(cut(text, 10)).toBe(shown);
    expect(cut(text, 10).length).toBeLessThanOrEqual(10);
  });

  it('of a machine is one line', () => {
    expect(cutWord('a\r\n::error::b\u001b[0m\u0000', 40)).toBe('a\ufffd\ufffd::error::b\ufffd[0m\ufffd');
  });

  it('that is one endless character is cut between two code points', () => {
    const shown = cut(`a${'\u0301'.repeat(40_000)}`, 1_000);
    expect(shown).toHaveLength(1_000);
    const emoji = cut(`🙂${'\u200d🙂'.repeat(20_000)}`, 1_000);
    expect(emoji.isWellFormed()).toBe(true);
    expect(emoji.length).toBeLessThanOrEqual(1_000);
  });
});

describe('foreign texts', () => {
  it('of Graph are cut where they enter', () => {
    const value = [{ subject: 'S'.repeat(40_000), receivedDateTime: '2'.repeat(40_000) }];
    const { subject, receivedDateTime } = messageIn(RESOURCES.mail, { value }, true);
    expect([subject?.length, receivedDateTime?.length]).toEqual([LONGEST.subject, LONGEST.time]);
    const { code } = classify({ status: 404, body: { error: { code: 'c'.repeat(70_000) } } }, RESOURCES.mail);
    expect(code).toHaveLength(LONGEST.code);
  });

  it('of a token are cut, and the roles for mail are kept', () => {
    const roles = [...Array.from({ length: 5_000 }, (_, index) => `Files.${index}`), 'Mail.Read', 'R'.repeat(70_000)];
    const value = `.${Buffer.from(JSON.stringify({ roles })).toString('base64url')}.`;
    const found = rolesOf({ value, expiresOn: new Date(0) });
    expect(found).toHaveLength(100);
    expect(found).toContain('Mail.Read');
    expect(found).toEqual([...found].sort());
    expect(fewRoles(['b', 'a', 'b'])).toEqual(['a', 'b']);
  });
});

describe('the largest rows', () => {
  const LARGEST_VALUE = 32_768;
  const LARGEST_TRANSACTION = 4 * 1024 * 1024;
  // The worst texts for JSON: a subject's control characters become six code units each, and a word's quotes two.
  const worst = (length: number) => '\u0001'.repeat(length);
  const worstWord = (length: number) => cutWord('"'.repeat(length), length);
  const mailbox = `${'本'.repeat(64)}@${'本'.repeat(255)}`;
  const observation: Observation = {
    mailbox,
    runId: '20261123T081500Z-9999999999',
    checkedAt: '2026-11-23T08:15:00.000Z',
    outcome: 'inconclusive',
    reason: 'unexpected',
    status: 599,
    code: worstWord(LONGEST.code),
    messageClass: 'application-access-policy',
    requestId: worstWord(LONGEST.id),
    clientRequestId: worstWord(LONGEST.id),
    batchRequestId: worstWord(LONGEST.id),
    durationMs: 90_000,
    attempts: 1_000,
    controlHeld: false,
  };
  const evidence = JSON.stringify({ opened: observation, closed: observation });

  it('hold values that a table takes', () => {
    const { controlHeld: _, runId: __, ...read } = observation;
    const reads = Array.from({ length: 9 }, () => read);
    const control = { mailbox, borrowed: true, held: false, reads, fault: observation };
    const names = Array.from({ length: 5 }, () => mailbox);
    const tally = { ...EMPTY_TALLY, openedNames: { breach: names, lockout: names } };
    const roles = fewRoles(Array.from({ length: 500 }, (_, index) => `${index}${worstWord(100)}`));
    const drift = { id: `9999999999-${mailbox}`, mailbox, evidence: { opened: observation, closed: observation } };
    for (const value of [control, tally, roles, drift]) {
      expect(JSON.stringify(value).length).toBeLessThan(LARGEST_VALUE);
    }
  });

  it('fit into one transaction, a hundred of them', () => {
    // The two rows of a mailbox that opens a drift, as JSON inside JSON, with room for the envelope of each.
    const state = JSON.stringify({
      mailbox,
      openDrift: evidence,
      latestSubject: worst(LONGEST.subject),
      more: worst(100),
    });
    const drift = JSON.stringify({ mailbox, id: mailbox, evidence, more: worst(100) });
    const envelope = 2_000;
    expect(50 * (Buffer.byteLength(state) + Buffer.byteLength(drift) + 2 * envelope)).toBeLessThan(LARGEST_TRANSACTION);
    expect(100 * (Buffer.byteLength(state) + envelope)).toBeLessThan(LARGEST_TRANSACTION);
  });
});

describe('why an answer proves nothing', () => {
  const code = 'OrganizationFromTenantGuidNotFound';

  it('is the tenant when Graph knows no organisation, and the token otherwise', () => {
    expect(reasonText({ reason: 'token', code })).toBe('the tenant has no Exchange Online, or it is the wrong tenant');
    expect(reasonText({ reason: 'token', code: 'InvalidAuthenticationToken' })).toBe('no token, or Graph rejects it');
    expect(isWrongTenant({ reason: 'not-found', code })).toBe(false);
  });
});
