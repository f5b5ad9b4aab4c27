// The files of the page as they are served: compressed, kept for ever or asked about, and under a strict policy.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HttpRequest } from '@azure/functions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StaticFiles, staticFiles } from '../../src/http/staticFiles.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

describe('the files of the page', () => {
  let folder: string;
  let files: StaticFiles;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailscope-files-'));
    for (const name of ['index.html', 'page-1A2B.js']) {
      for (const [suffix, text] of [
        ['', 'plain'],
        ['.br', 'brotli'],
        ['.gz', 'gzip'],
      ] as const)
        await writeFile(join(folder, name + suffix), `${name} ${text}`);
    }
    files = staticFiles(pathToFileURL(`${folder}/`));
  });

  afterAll(() => rm(folder, { recursive: true }));

  async function ask(name: string | undefined, headers: Record<string, string> = {}, method = 'GET') {
    const {
      status,
      headers: answered,
      body,
    } = await files(name, new HttpRequest({ method, url: 'http://127.0.0.1/api/dashboard', headers }));
    const all = { ...(answered as Record<string, string>), status, body: body?.toString() };
    return all as Readonly<Record<string, unknown>>;
  }

  it('are kept for ever where the name holds the hash', async () => {
    expect(await ask('page-1A2B.js')).toMatchObject({
      status: 200,
      body: 'page-1A2B.js plain',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  it('are the shell without a name, which is asked about each time', async () => {
    for (const name of [undefined, '']) {
      const shell = await ask(name);
      expect(shell).toMatchObject({ status: 200, 'cache-control': 'no-cache', 'content-security-policy': POLICY });
      const again = await ask(name, { 'if-none-match': `"other", ${String(shell.etag)}` });
      expect([again.status, again.body, again.etag]).toEqual([304, undefined, shell.etag]);
      expect((await ask(name, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br', 'brotli'],
    ['gzip', 'gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip', 'gzip'],
    ['*', 'br', 'brotli'],
    ['zstd', undefined, 'plain'],
    ['', undefined, 'plain'],
  ])('come as "%s" lets them', async (accepted, encoding, text) => {
    const answer = await ask('page-1A2B.js', { 'accept-encoding': accepted });
    expect([answer['content-encoding'], answer.body, answer.vary]).toEqual([
      encoding,
      `page-1A2B.js ${text}`,
      'accept-encoding',
    ]);
  });

  it.each(['index.html', 'page-1A2B.js.br', 'page.js', '../package.json', '..%2Fpackage.json', 'page-1A2B.js/'])(
    'are no other file: %s',
    async (name) => {
      expect(await ask(name)).toMatchObject({ status: 404, 'cache-control': 'no-store' });
    },
  );

  it('answer HEAD without a body', async () => {
    const { status, body, etag } = await ask(undefined, {}, 'HEAD');
    expect([status, body]).toEqual([200, undefined]);
    expect(etag).toBe((await ask(undefined)).etag);
  });

  it('that are missing fail, and are looked for again', async () => {
    const late = await mkdtemp(join(tmpdir(), 'mailscope-late-'));
    const served = staticFiles(pathToFileURL(`${late}/none/`));
    const asking = () => served(undefined, new HttpRequest({ method: 'GET', url: 'http://127.0.0.1/' }));
    await expect(asking()).rejects.toThrow('ENOENT');
    await rm(late, { recursive: true });
    await expect(asking()).rejects.toThrow('ENOENT');
  });
});
