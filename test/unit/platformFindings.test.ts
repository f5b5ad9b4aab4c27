// What the doctor says of the owner of the tables and of sign-in.
import { describe, expect, it } from 'vitest';
import { judgeOwner, judgeSignIn } from '../../src/rules/doctor/platformFindings.ts';

describe('the owner of the tables', () => {
  const ourselves = 'func/staging';
  const owned = (owner: string | null) => ({ owner, id: '20261123T081500Z-42' });

  it.each([
    [null, false, 'ok', 'The next run gives them to "func/staging"'],
    [owned(null), false, 'ok', 'No app owns the tables yet'],
    [owned('func/staging'), false, 'ok', 'belong to this app'],
    [
      owned('func'),
      true,
      'problem',
      'belong to "func", which began the run 20261123T081500Z-42. This app is "func/staging"',
    ],
    [owned('func'), false, 'warning', 'takes them over'],
  ])('of %j, in use %j: %s', (current, inUse, result, says) => {
    expect(judgeOwner({ ourselves, current, inUse })).toMatchObject({ result, says: expect.stringContaining(says) });
  });
});

describe('sign-in', () => {
  it.each([
    ['key', false, true, 'ok'],
    ['entra', true, true, 'ok'],
    ['entra', false, true, 'problem'],
    ['entra', false, false, 'warning'],
  ] as const)('with %s, on %j, in Azure %j: %s', (apiAuth, isOn, isOnPlatform, result) => {
    expect(judgeSignIn({ apiAuth, isOn, isOnPlatform }).result).toBe(result);
  });
});
