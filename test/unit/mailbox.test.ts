// What a mailbox may be called.
import { describe, expect, it } from 'vitest';
import { parseMailbox } from '../../src/rules/mailbox.ts';

describe('parseMailbox', () => {
  it.each([
    ['Support@Contoso.Example', 'support@contoso.example'],
    ["o'brien@contoso.example", "o'brien@contoso.example"],
    ['plus+tag@contoso.example', 'plus+tag@contoso.example'],
    ['pat_fabrikam.example#EXT#@contoso.example', 'pat_fabrikam.example#ext#@contoso.example'],
    ['müller@contoso.example', 'müller@contoso.example'],
    ['5A8DBE02-d5d4-4734-abfc-109a4af02ea1', '5a8dbe02-d5d4-4734-abfc-109a4af02ea1'],
  ])('takes %s', (text, mailbox) => {
    expect(parseMailbox(text)).toBe(mailbox);
  });

  it.each([
    '',
    ' ',
    'support',
    '@contoso.example',
    'support@',
    'a@b@c',
    'a b@contoso.example',
    '../users',
    '..',
    '../x@contoso.example',
    'a/b@contoso.example',
    'a\\b@contoso.example',
    '"a"@contoso.example',
    'a\0@contoso.example',
    'a,b@contoso.example',
    'j?rgen@contoso.example',
    'a\u200b@contoso.example',
    'a@contoso.example\u00a0',
    '\ufeffa@contoso.example',
    'a\ufe0f@contoso.example',
    'a\u3164@contoso.example',
    'a@contoso.example?$select=body',
    'a@contoso.example/messages',
    `${'x'.repeat(400)}@contoso.example`,
    'me',
    '5a8dbe02-d5d4-4734-abfc-109a4af02ea',
  ])('refuses "%s"', (text) => {
    expect(parseMailbox(text)).toBeNull();
  });
});
