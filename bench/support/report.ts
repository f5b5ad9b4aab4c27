// Prints the figures of a benchmark: a table for people, and one line of JSON for machines.
import { cpus } from 'node:os';

export interface Row {
  readonly what: string;
  /** Milliseconds, one for each sample. */
  readonly samples: readonly number[];
}

/** The value that is above `share` of the samples. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The median of samples. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Prints the rows and the figures. */
export function report(name: string, rows: readonly Row[], figures: Readonly<Record<string, number>>): void {
  const cell = (value: number) => value.toFixed(2).padStart(9);
  console.log(`${name}, milliseconds (Node ${process.versions.node}, ${cpus().length} processors)\n`);
  console.log(
    `${''.padEnd(40)}${'samples'.padStart(9)}${'median'.padStart(9)}${'p99'.padStart(9)}${'max'.padStart(9)}`,
  );
  for (const { what, samples } of rows) {
    const cells = [quantile(samples, 0.5), quantile(samples, 0.99), quantile(samples, 1)].map(cell).join('');
    console.log(`${what.padEnd(40)}${String(samples.length).padStart(9)}${cells}`);
  }
  const rounded = Object.entries(figures).map(([key, value]) => [key, Math.round(value * 100) / 100]);
  console.log(`\n${JSON.stringify({ bench: name, ...Object.fromEntries(rounded) })}`);
}
