// A doctor's report for people: one line for each finding, and below it what to do.
import type { CheckReport, DoctorReport, ScopeReport } from '../doctor/examine.ts';
import { printable } from '../printable.ts';
import { RESULTS } from '../rules/doctor/finding.ts';

/** A finding may name twenty mailboxes. */
const LONGEST_TEXT = 8_000;
const INDENT = ' '.repeat(22);

const WORST_FIRST = ['bad-settings', 'unhealthy', 'healthy'] as const satisfies readonly DoctorReport['result'][];

/** The worst result of the scopes. */
export function worstResult(reports: readonly DoctorReport[]): DoctorReport['result'] {
  return WORST_FIRST.find((one) => reports.some(({ result }) => result === one)) ?? 'healthy';
}

/** The tables of several scopes, each under its name. */
export function scopesTable(reports: readonly ScopeReport[]): string {
  const counts = WORST_FIRST.toReversed().flatMap((one) => {
    const count = reports.filter(({ result }) => result === one).length;
    return count > 0 ? [`${count} ${one}`] : [];
  });
  const tables = reports.map((report) => `Scope ${report.scope}\n${doctorTable(report)}`);
  return `${tables.join('\n')}\n${SAYS[worstResult(reports)]}. ${reports.length} scopes: ${counts.join(', ')}.\n`;
}

export function doctorTable({ result, checks }: DoctorReport): string {
  return `${checks.flatMap(linesOf).join('\n')}\n\n${summary(result, checks)}\n`;
}

/** Each line begins with the result. The first line of a check also has its name. */
function linesOf({ name, findings }: CheckReport): string[] {
  return findings.flatMap(({ result, says, advice }, index) => {
    const line = `${result.padEnd(9)}${(index === 0 ? name : '').padEnd(13)}${printable(says, LONGEST_TEXT)}`;
    return advice === null ? [line] : [line, `${INDENT}→ ${printable(advice, LONGEST_TEXT)}`];
  });
}

const SAYS: Readonly<Record<DoctorReport['result'], string>> = {
  healthy: 'Healthy',
  unhealthy: 'Something is wrong',
  'bad-settings': 'The settings are wrong',
};

function summary(result: DoctorReport['result'], checks: readonly CheckReport[]): string {
  const counts = RESULTS.flatMap((one) => {
    const count = checks.filter((check) => check.result === one).length;
    const isPlural = count > 1 && (one === 'warning' || one === 'problem');
    return count > 0 ? [`${count} ${one}${isPlural ? 's' : ''}`] : [];
  });
  return `${SAYS[result]}. ${checks.length} checks: ${counts.join(', ')}.`;
}
