// `npm run ask`: asks Graph once about the listed mailboxes, with the settings of this folder.
import { fileURLToPath } from 'node:url';
import { runProcess } from '../src/cli/runProcess.ts';
import { PORT_OPTIONS_USAGE, settingsBeside, takePortOptions } from './stack/portOptions.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { ports, rest } = takePortOptions(process.argv.slice(2));

if (rest.includes('--help')) console.log(PORT_OPTIONS_USAGE);
await runProcess((environment) => settingsBeside(root, environment, ports), rest);
