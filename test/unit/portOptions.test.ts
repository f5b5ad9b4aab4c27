// The port options of `npm run ask`, `doctor` and `alert:test`, and the settings that follow from them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { settingsBeside, takePortOptions } from '../../scripts/stack/portOptions.ts';

const NONE = { sandbox: undefined, storage: undefined };

describe('the port options', () => {
  it.each([
    [[], NONE, []],
    [['--sandbox-port', '8075', '--json'], { ...NONE, sandbox: '8075' }, ['--json']],
    [['--send', '--storage-port=11000'], { ...NONE, storage: '11000' }, ['--send']],
    [
      ['--mailbox', 'a@b.example', '--sandbox-port', '1', '--wait', '2h'],
      { ...NONE, sandbox: '1' },
      ['--mailbox', 'a@b.example', '--wait', '2h'],
    ],
    [['--json', '--sandbox-port'], { ...NONE, sandbox: '' }, ['--json']],
  ])('of %j are %j, and the command gets %j', (args, ports, rest) => {
    expect(takePortOptions(args)).toEqual({ ports, rest });
  });
});

describe('settings beside npm start', () => {
  let root: string;
  const write = (Values: object) => writeFileSync(join(root, 'local.settings.json'), JSON.stringify({ Values }));

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'mailscope-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    write({ GRAPH_ENDPOINT: 'http://127.0.0.1:7075', AzureWebJobsStorage: 'UseDevelopmentStorage=true' });
  });

  it('know the receiver of the sandbox', () => {
    expect(settingsBeside(root, {}, NONE).ALERT_WEBHOOK_URL).toBe('http://127.0.0.1:7075/sandbox/webhook');
  });

  it('leave another receiver alone, also where it is set to nothing', () => {
    write({ GRAPH_ENDPOINT: 'http://127.0.0.1:7075', ALERT_WEBHOOK_URL: 'https://hooks.contoso.example/x' });
    expect(settingsBeside(root, {}, NONE).ALERT_WEBHOOK_URL).toBe('https://hooks.contoso.example/x');
    expect(settingsBeside(root, { ALERT_WEBHOOK_URL: '' }, NONE).ALERT_WEBHOOK_URL).toBe('');
  });

  it('know no receiver of a real tenant', () => {
    const environment = { GRAPH_ENDPOINT: 'https://graph.microsoft.com' };
    expect(settingsBeside(root, environment, NONE)).not.toHaveProperty('ALERT_WEBHOOK_URL');
  });

  it('follow the options before the environment', () => {
    const environment = { GRAPH_ENDPOINT: 'http://127.0.0.1:9000', AzureWebJobsStorage: 'of the environment' };
    expect(settingsBeside(root, environment, { sandbox: '8075', storage: '11000' })).toMatchObject({
      GRAPH_ENDPOINT: 'http://127.0.0.1:8075',
      IDENTITY_ENDPOINT: 'http://127.0.0.1:8075/msi/token',
      IDENTITY_HEADER: 'sandbox',
      ALERT_WEBHOOK_URL: 'http://127.0.0.1:8075/sandbox/webhook',
      AzureWebJobsStorage: expect.stringContaining('TableEndpoint=http://127.0.0.1:11002/devstoreaccount1'),
    });
  });

  it('refuse what is no port, and name the option', () => {
    expect(() => settingsBeside(root, {}, { ...NONE, sandbox: '' })).toThrow('--sandbox-port takes a port');
    expect(() => settingsBeside(root, {}, { ...NONE, storage: 'x' })).toThrow('--storage-port takes a port');
  });
});
