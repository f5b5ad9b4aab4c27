// Makes a certificate for this machine.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly folder: string;
  /** The files of the key, of the certificate, and of both. */
  readonly files: { readonly key: string; readonly cert: string; readonly both: string };
  remove(): Promise<void>;
}

export async function createCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'mailscope-'));
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem'), both: join(folder, 'both.pem') };
  await Promise.all([writeFile(files.key, key), writeFile(files.cert, cert), writeFile(files.both, key + cert)]);
  return { key, cert, folder, files, remove: () => rm(folder, { recursive: true }) };
}
