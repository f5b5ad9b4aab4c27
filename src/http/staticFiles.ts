// Serves the files of the page as the build made them: compressed in advance, and read once.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import Negotiator from 'negotiator';

/** Answers a file of the folder, or the shell when no file is named. Any other name is 404. */
export type StaticFiles = (name: string | undefined, request: Asking) => Promise<HttpResponseInit>;

type Asking = Pick<HttpRequest, 'method' | 'headers'>;

const SHELL = 'index.html';

/** Nothing in the page comes from elsewhere, and nobody may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const ALWAYS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
  'x-content-type-options': 'nosniff',
};
/** A name holds the hash of its content, so what a name means never changes. */
const FOR_EVER = { 'cache-control': 'public, max-age=31536000, immutable' };

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

interface Encoding {
  readonly name: string;
  readonly suffix: string;
}

const PLAIN: Encoding = { name: 'identity', suffix: '' };
/** The best first. Each file lies beside its compressed forms: `page-1A2B.js`, `page-1A2B.js.br`, `page-1A2B.js.gz`. */
const ENCODINGS: readonly Encoding[] = [{ name: 'br', suffix: '.br' }, { name: 'gzip', suffix: '.gz' }, PLAIN];

/** @param folder of the built page, as an address that ends in `/` */
export function staticFiles(folder: URL): StaticFiles {
  let read: Promise<ReadonlyMap<string, Buffer>> | undefined;

  return async (name, request) => {
    read ??= readFolder(folder);
    const files = await read.catch((error: unknown) => {
      // The next caller tries again.
      read = undefined;
      throw error;
    });
    // The shell has no hash in its name, so it is not one of the files that are kept for ever.
    const isShell = name === undefined || name === '';
    const file = isShell ? SHELL : name;
    const plain = files.get(file);
    const type = TYPES[file.split('.').at(-1) ?? ''];
    if (plain === undefined || type === undefined || name === SHELL) return notFound();
    const encoding = chooseEncoding(request);
    const headers = {
      ...ALWAYS,
      'content-type': type,
      ...(encoding === PLAIN ? {} : { 'content-encoding': encoding.name }),
      ...(isShell ? shellHeaders(plain) : FOR_EVER),
    };
    if (isShell && request.headers.get('if-none-match')?.includes(etagOf(plain))) return { status: 304, headers };
    if (request.method === 'HEAD') return { status: 200, headers };
    // The build writes every form of a file.
    return { status: 200, headers, body: files.get(file + encoding.suffix) ?? plain };
  };
}

async function readFolder(folder: URL): Promise<ReadonlyMap<string, Buffer>> {
  const names = await readdir(folder);
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder))] as const)));
}

function shellHeaders(content: Buffer): Record<string, string> {
  return { etag: etagOf(content), 'cache-control': 'no-cache' };
}

/** Weak, because the same shell is sent in several encodings ("HTTP Semantics", 8.8.3). */
function etagOf(content: Buffer): string {
  return `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}

/** The suffix of the form that the browser takes; empty for the plain one. */
function chooseEncoding({ headers }: Asking): Encoding {
  const accepted = headers.get('accept-encoding') ?? '';
  const preferred = ENCODINGS.map(({ name }) => name);
  const chosen = new Negotiator({ headers: { 'accept-encoding': accepted } }).encoding(preferred, { preferred });
  return ENCODINGS.find(({ name }) => name === chosen) ?? PLAIN;
}

function notFound(): HttpResponseInit {
  return { status: 404, headers: { 'cache-control': 'no-store' } };
}
