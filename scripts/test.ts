// `npm test`: format and lint, types, and every test.

import { runAll } from './runTools.ts';
import { buildBundle } from './shared/buildBundle.ts';

await buildBundle();
process.exitCode = await runAll([
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'tsc', []],
  ['tests', 'vitest', ['run', ...process.argv.slice(2)]],
]);
