// `npm run api`: writes what follows from the description of the API: the types of a client.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../src/api/openApi.ts';
import { takeNoOptions } from './shared/noOptions.ts';
import { openApiTypes } from './shared/openApiTypes.ts';

takeNoOptions();
const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
write('web/api.d.ts', openApiTypes(openApiDocument(version)));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  console.log(file);
}
