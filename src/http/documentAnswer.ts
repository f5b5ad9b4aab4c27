// Answers the OpenAPI document, or that it has not changed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { openApiDocument } from '../api/openApi.ts';
import { JSON_TYPE } from '../api/route.ts';

interface Document {
  readonly text: string;
  readonly etag: string;
}

// The same as long as the process runs.
let made: Document | undefined;

export function documentAnswer({ headers }: HttpRequest): HttpResponseInit {
  made ??= makeDocument();
  const { text, etag } = made;
  // Whoever has the document may keep it, but asks whether it has changed.
  const cached = { 'cache-control': 'no-cache', etag };
  if (isKnown(headers.get('if-none-match'), etag)) return { status: 304, headers: cached };
  return { status: 200, headers: { ...cached, 'content-type': JSON_TYPE }, body: text };
}

function makeDocument(): Document {
  const text = JSON.stringify(openApiDocument(packageVersion()));
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` };
}

/** The version of the package that holds this file: the project's, or the deployed one. */
function packageVersion(): string {
  const file = findPackageJSON(import.meta.url);
  // The host needs the file too: it names the entry of the app.
  if (file === undefined) throw new Error('the app has no package.json');
  return String((JSON.parse(readFileSync(file, 'utf8')) as { readonly version: unknown }).version);
}

/** Compares weakly, as RFC 9110 asks of If-None-Match: a front may have marked the tag as weak. */
function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
