// local.settings.json as Core Tools read it and people write it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSettingsFile } from '../../src/settings/settingsFile.ts';

const folder = mkdtempSync(join(tmpdir(), 'mailscope-'));
const file = join(folder, 'local.settings.json');

afterAll(() => rmSync(folder, { recursive: true }));

function read(content: string | Buffer) {
  writeFileSync(file, content);
  return readSettingsFile(file);
}

describe('a settings file', () => {
  it.each<[string, string | Buffer]>([
    ['plain', '{"Values":{"A":"1","B":"x"}}'],
    ['with a byte order mark', '\ufeff{"Values":{"A":"1","B":"x"}}'],
    ['in UTF-16, as Windows PowerShell writes it', Buffer.from('\ufeff{"Values":{"A":"1","B":"x"}}', 'utf16le')],
    ['with comments', '// ours\n{ /* the\n values */ "Values": { "A": "1", // first\n "B": "x" } }\n// end'],
    ['with commas after the last value', '{"Values":{"A":"1","B":"x",\n},}'],
    ['with a comment behind such a comma', '{"Values":{"A":"1","B":"x", // last, ]\n /* } */ }\r\n}'],
    ['with numbers, and without what is null', '{"IsEncrypted":false,"Values":{"A":1,"B":"x","C":null}}'],
    ['with names in another case', '{"values":{"A":"1","B":"x"}}'],
  ])('%s is read', (_, content) => {
    expect(read(content)).toEqual({ A: '1', B: 'x' });
  });

  it('keeps every text as it is', () => {
    const Values = {
      URL: 'https://hooks.example/*x*/?a=1//b',
      LIST: 'a@contoso.example,]',
      QUOTE: 'say "// no" \\',
      COMMA: ',}',
      BOOLEAN: 'True',
    };
    expect(read(JSON.stringify({ Values }, null, 2).replace(/\n\}$/, ', // end\n}'))).toEqual(Values);
  });

  it.each([
    ['ALLOWED_MAILBOXES=x', 'cannot be read as JSON: '],
    ['{"Values":{"A":"1"', 'cannot be read as JSON: '],
    ['{"Values":{"A":"1",,}}', 'cannot be read as JSON: '],
    ['{"Values":{"A":"unfinished // text}}', 'cannot be read as JSON: '],
    ['{}', 'has no "Values" object.'],
    ['{"Values":["A"]}', 'has no "Values" object.'],
    ['null', 'has no "Values" object.'],
    ['{"Values":{"A":["1"]}}', 'the value of A is a list or an object. Write it as one text in quotes.'],
    ['{"IsEncrypted":true,"Values":{"A":"CfDJ8"}}', 'is encrypted. Run func settings decrypt'],
  ])('that is wrong says so: %s', (content, says) => {
    expect(() => read(content)).toThrow(says);
  });
});
