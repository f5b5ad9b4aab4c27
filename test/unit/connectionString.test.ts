// Connection strings as the portal, people and emulators write them, read by the libraries of Azure.
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { describe, expect, it } from 'vitest';
import { readConnectionString } from '../../src/settings/connectionString.ts';

function read(text: string) {
  const found = readConnectionString(text);
  if ('text' in found) throw new Error(found.text);
  return found;
}

const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const usual = (service: string) => `https://contoso.${service}.core.windows.net`;
const emulator = (port: number) => `http://127.0.0.1:${port}/devstoreaccount1`;
const LOCAL = `BlobEndpoint=${emulator(10000)};QueueEndpoint=${emulator(10001)};TableEndpoint=${emulator(10002)}`;

describe('a connection string', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'as the portal shows it',
      `DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=${KEY};EndpointSuffix=core.windows.net`,
      [usual('table'), usual('queue'), usual('blob')],
    ],
    [
      'without protocol and suffix',
      `AccountName=contoso;AccountKey=${KEY}`,
      [usual('table'), usual('queue'), usual('blob')],
    ],
    [
      'in small letters, with spaces and line breaks',
      ` accountname = contoso ;\r\naccountkey=${KEY}; endpointsuffix=core.windows.net;\n`,
      [usual('table'), usual('queue'), usual('blob')],
    ],
    [
      'in capitals, of another cloud',
      `DEFAULTENDPOINTSPROTOCOL=HTTPS;ACCOUNTNAME=contoso;ACCOUNTKEY=${KEY};ENDPOINTSUFFIX=core.chinacloudapi.cn`,
      ['table', 'queue', 'blob'].map((service) => `https://contoso.${service}.core.chinacloudapi.cn`),
    ],
    [
      'of an emulator, without protocol',
      `AccountName=devstoreaccount1;AccountKey=${KEY};${LOCAL};`,
      [emulator(10002), emulator(10001), emulator(10000)],
    ],
    [
      'with one address of its own, and the suffix of the others',
      `AccountName=contoso;AccountKey=${KEY};BlobEndpoint=https://files.example;EndpointSuffix=core.windows.net`,
      [usual('table'), usual('queue'), 'https://files.example'],
    ],
    [
      'with a signature and its question mark',
      `tableendpoint=${usual('table')}/;queueendpoint=${usual('queue')};blobendpoint=${usual('blob')};sharedaccesssignature=?sv=1&sig=x`,
      [usual('table'), usual('queue'), usual('blob')],
    ],
    [
      'with a signature and the name of the account',
      'SharedAccessSignature=sv=1&sig=x;AccountName=contoso',
      [usual('table'), usual('queue'), usual('blob')],
    ],
  ])('%s is read by every library', (_, text, [table = '', queue = '', blob = '']) => {
    const { value, missing } = read(text);
    expect(missing).toEqual([]);
    expect(TableClient.fromConnectionString(value, 'T', { allowInsecureConnection: true }).url).toContain(table);
    expect(QueueServiceClient.fromConnectionString(value).url).toContain(queue);
    expect(BlobServiceClient.fromConnectionString(value).url).toContain(blob);
    expect(value).not.toContain('??');
  });

  it.each(['UseDevelopmentStorage=true', 'usedevelopmentstorage=True;', ' UseDevelopmentStorage = TRUE'])(
    'of the emulator is the same in any case: %s',
    (text) => {
      expect(read(text)).toEqual({ value: 'UseDevelopmentStorage=true', missing: [] });
    },
  );

  it.each<[string, readonly string[]]>([
    [
      `AccountName=devstoreaccount1;AccountKey=${KEY};BlobEndpoint=${emulator(10000)};QueueEndpoint=${emulator(10001)}`,
      ['Table'],
    ],
    [
      `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${KEY};BlobEndpoint=${emulator(10000)}`,
      ['Table', 'Queue'],
    ],
    ['TableEndpoint=https://contoso.table.example;SharedAccessSignature=sv=1', ['Queue', 'Blob']],
  ])('that leaves out an address nobody can know lacks it: %s', (text, missing) => {
    expect(read(text).missing).toEqual(missing);
  });

  it.each([
    ['', 'is not a connection string of a storage account.'],
    ['hunter2', 'is not a connection string of a storage account.'],
    ['AccountName=contoso', 'is not a connection string of a storage account.'],
    ['DefaultEndpointsProtocol=ftp;AccountName=contoso;AccountKey=aaaa', 'has a DefaultEndpointsProtocol'],
    ['AccountName=contoso;AccountKey=hunter 2', 'has an AccountKey that is not base64.'],
    [
      'AccountName=contoso;AccountKey=aaaa;TableEndpoint=contoso',
      'has a TableEndpoint that is not an http or https address.',
    ],
  ])('that is wrong says how, without its secrets: "%s"', (text, says) => {
    const found = readConnectionString(text);
    const fault = 'text' in found ? found.text : '';
    expect(fault).toContain(says);
    expect(fault).not.toMatch(/hunter|aaaa/);
  });
});
