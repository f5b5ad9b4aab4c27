// How query parameters are read, and what is refused.
import { describe, expect, it } from 'vitest';
import { namePrefix, scopeName, timeOrDate } from '../../src/api/parameters.ts';

describe('a time', () => {
  const read = (text: string) => timeOrDate('').read(text, 'from');

  it.each([
    ['2026-11-23', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T08:15Z', '2026-11-23T08:15:00.000Z'],
    ['2026-11-23T00:15:00.5+01:00', '2026-11-22T23:15:00.500Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999-23:59', '2027-01-01T23:58:59.999Z'],
  ])('of %s is %s', (text, time) => {
    expect(read(text)).toBe(time);
  });

  it.each([
    ...['2026-02-30', '2026-02-29T08:15:00Z', '2026-04-31', '2026-13-01', '2026-01-00', '2026-01-01T25:00Z'],
    ...['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00', '2026-11-23T08:15:00', 'yesterday', ''],
  ])('that is none, or beyond years of four digits, is refused: %j', (text) => {
    expect(() => read(text)).toThrow(
      `The query parameter from is "${text}". Use a time such as 2026-11-23T08:15:00Z, or a date.`,
    );
  });
});

describe('a parameter that is repeated', () => {
  // The host joins its values by a comma.
  it('is refused where any other text is taken', () => {
    expect(() => namePrefix('').read('c,c', 'startsWith')).toThrow(
      'The query parameter startsWith is "c,c". Use the beginning of a mailbox’s name.',
    );
    expect(() => scopeName('').read('a,b', 'scope')).toThrow(
      'The query parameter scope is "a,b". Use the name of one scope.',
    );
    expect([namePrefix('').read('C', 'startsWith'), scopeName('').read('crm', 'scope')]).toEqual(['c', 'crm']);
  });
});
