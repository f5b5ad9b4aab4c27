// `npm run api`: writes what follows from the description of the API: the types of a client, and a part of its page.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../src/api/openApi.ts';
import { apiPage } from './shared/apiPage.ts';
import { takeNoOptions } from './shared/noOptions.ts';
import { openApiTypes } from './shared/openApiTypes.ts';

takeNoOptions();
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { readonly version: string };
write('web/api.d.ts', openApiTypes(openApiDocument(version)));
write('docs/api.md', apiPage(read('docs/api.md'), JSON.parse(read('test/fixtures/apiExamples.json'))));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  console.log(file);
}
