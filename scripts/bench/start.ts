// What the bundle costs a cold start: bare Node, the bundle, and the same modules unbundled, in turn.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildBundle } from '../build.ts';
import { quantile, report } from './support/report.ts';

const ROUNDS = 20;

const root = fileURLToPath(new URL('../..', import.meta.url));
// Loads what `argv[1]` names, when it names something, as the host's worker would.
const LOADER = `
  import { installFunctionsCore } from './scripts/localHost/functionsCore.ts';
  installFunctionsCore();
  if (process.argv[1]) await import(process.argv[1]);
`;

await buildBundle();
const sides = { bare: '', bundle: './dist/index.js', unbundled: './src/index.ts' };
const samples: Record<string, number[]> = { bare: [], bundle: [], unbundled: [] };
for (let round = -1; round < ROUNDS; round += 1) {
  for (const [side, entry] of Object.entries(sides)) {
    const ms = load(entry);
    if (round >= 0) samples[side]?.push(ms);
  }
}
const { bare = [], bundle = [], unbundled = [] } = samples;
const median = (values: readonly number[]) => quantile(values, 0.5);
report(
  'start',
  [
    { what: 'bare Node', samples: bare },
    { what: 'the bundle', samples: bundle },
    { what: 'the same, unbundled', samples: unbundled },
  ],
  {
    bundleMs: median(bundle) - median(bare),
    unbundledMs: median(unbundled) - median(bare),
    bundleToUnbundled: (median(bundle) - median(bare)) / (median(unbundled) - median(bare)),
  },
);

function load(entry: string): number {
  const startedAt = performance.now();
  const args = ['--no-warnings', '--input-type=module', '-e', LOADER, ...(entry ? [entry] : [])];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - startedAt;
}
