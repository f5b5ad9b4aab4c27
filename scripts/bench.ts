// `npm run bench -- NAME`: runs one of the benchmarks in bench/.
import { readdirSync } from 'node:fs';

const names = readdirSync(new URL('../bench', import.meta.url))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace(/\.bench\.ts$/, ''));
const [, , name = ''] = process.argv;
// Remove the name, so that the benchmark reads only its own options.
process.argv.splice(2, 1);

if (names.includes(name)) await import(`../bench/${name}.bench.ts`);
else {
  console.error(`Usage: npm run bench -- ${names.join(' | ')}`);
  process.exitCode = 2;
}
