// `npm run doctor`: finds what is wrong with a set-up, with the settings of this folder.
import { fileURLToPath } from 'node:url';
import { runProcess } from '../src/cli/runProcess.ts';
import { readLocalSettings } from './stack/localSettings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

await runProcess(() => readLocalSettings(root).values, ['doctor', ...process.argv.slice(2)]);
