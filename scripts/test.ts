// `npm test`: format and lint, types, and every test.
import { buildBundle } from './build.ts';
import { runAll } from './runTools.ts';

await buildBundle();
process.exitCode = await runAll([
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'tsc', []],
  ['tests', 'vitest', ['run', ...process.argv.slice(2)]],
]);
