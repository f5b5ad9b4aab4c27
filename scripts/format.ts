// `npm run format`: settles the format, and fixes what lint can fix.
import { takeNoOptions } from './shared/noOptions.ts';
import { runAll } from './shared/runTools.ts';

takeNoOptions();
process.exitCode = await runAll([{ name: 'format', command: 'biome', args: ['check', '--write', '.'] }]);
