// `npm run check`: format and lint, types, and the fast tests. About half a minute.
import { takeNoOptions } from './shared/noOptions.ts';
import { FORMAT_AND_LINT, PAGE_TYPES, runAll, TYPES } from './shared/runTools.ts';

takeNoOptions();
process.env.HISTORIES ??= '20000';
const fastTests = { name: 'fast tests', command: 'vitest', args: ['run', 'test/unit'] };
process.exitCode = await runAll([FORMAT_AND_LINT, TYPES, PAGE_TYPES, fastTests]);
