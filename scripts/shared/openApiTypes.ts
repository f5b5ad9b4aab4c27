// Makes TypeScript types from an OpenAPI document, with the generator that many clients use.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// In a package of its own, because it needs a TypeScript with a JavaScript API.
const GENERATOR = fileURLToPath(new URL('../openapiTypes/node_modules/openapi-typescript/bin/cli.js', import.meta.url));

/** @throws Error with what the generator said */
export function openApiTypes(document: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'mailscope-'));
  const [from, to] = [join(folder, 'openapi.json'), join(folder, 'api.d.ts')];
  try {
    writeFileSync(from, JSON.stringify(document));
    const { status, stderr } = spawnSync(process.execPath, [GENERATOR, from, '--output', to], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the types cannot be made: ${stderr}`);
    return readFileSync(to, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
