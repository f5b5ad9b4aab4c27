// `npm test`: format and lint, types, and every test. Its options are those of vitest.
import { buildBundle } from './shared/buildBundle.ts';
import { FORMAT_AND_LINT, PAGE_TYPES, runAll, TYPES } from './shared/runTools.ts';

await buildBundle();
const tests = { name: 'tests', command: 'vitest', args: ['run', ...process.argv.slice(2)] };
process.exitCode = await runAll([FORMAT_AND_LINT, TYPES, PAGE_TYPES, tests]);
