// `npm run check`: format and lint, types, and the fast tests. Seconds.
import { runAll } from './runTools.ts';

process.exitCode = await runAll([
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['types', 'tsc', []],
  ['fast tests', 'vitest', ['run', 'test/unit']],
]);
