// Writes gauges as OpenMetrics text ("The OpenMetrics project: creating a standard for exposing metrics data").
import { GAUGES, type Gauge, type Sample } from '../api/gauges.ts';

/** Every gauge with its samples. A gauge without a sample is left out. It ends with `# EOF`, so that half a text is none. */
export function openMetricsText(samples: readonly Sample[]): string {
  const families = Object.entries<Gauge>(GAUGES).map(([key, gauge]) =>
    familyOf(
      gauge,
      samples.filter((sample) => sample.gauge === key),
    ),
  );
  return `${families.join('')}# EOF\n`;
}

function familyOf({ name, help, unit }: Gauge, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const lines = [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(({ labels, value }) => `${name}{${labelsOf(labels)}} ${value}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function labelsOf(labels: Sample['labels']): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escaped(value)}"`)
    .join(',');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
