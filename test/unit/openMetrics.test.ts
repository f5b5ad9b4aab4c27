// OpenMetrics text: by a parser of others, and by the rules of the standard.
import parsePrometheus from 'parse-prometheus-text-format';
import { describe, expect, it } from 'vitest';
import { GAUGES, type Gauge, type Sample } from '../../src/api/gauges.ts';
import { openMetricsText } from '../../src/http/openMetrics.ts';

const SAMPLES: readonly Sample[] = [
  { gauge: 'controlHeld', labels: { scope: 'crm' }, value: 0 },
  { gauge: 'mailboxes', labels: { scope: 'default', expectation: 'denied', verdict: 'breach' }, value: 2 },
  { gauge: 'mailboxes', labels: { scope: 'crm', expectation: 'denied', verdict: 'breach' }, value: 100_000 },
  { gauge: 'proofAge', labels: { scope: 'default' }, value: 12.5 },
];

describe('the text', () => {
  it('is read by a Prometheus parser', () => {
    expect(parsePrometheus(openMetricsText(SAMPLES))).toMatchObject([
      {
        name: 'mailscope_mailboxes',
        type: 'GAUGE',
        metrics: [
          { value: '2', labels: { scope: 'default', expectation: 'denied', verdict: 'breach' } },
          { value: '100000', labels: { scope: 'crm' } },
        ],
      },
      { name: 'mailscope_proof_age_seconds', metrics: [{ value: '12.5' }] },
      { name: 'mailscope_control_held', metrics: [{ value: '0' }] },
    ]);
  });

  it('has each gauge once, with type, unit and help before its samples, and ends with EOF', () => {
    expect(openMetricsText(SAMPLES).split('\n')).toEqual([
      '# TYPE mailscope_mailboxes gauge',
      `# HELP mailscope_mailboxes ${GAUGES.mailboxes.help}`,
      'mailscope_mailboxes{scope="default",expectation="denied",verdict="breach"} 2',
      'mailscope_mailboxes{scope="crm",expectation="denied",verdict="breach"} 100000',
      '# TYPE mailscope_proof_age_seconds gauge',
      '# UNIT mailscope_proof_age_seconds seconds',
      `# HELP mailscope_proof_age_seconds ${GAUGES.proofAge.help}`,
      'mailscope_proof_age_seconds{scope="default"} 12.5',
      '# TYPE mailscope_control_held gauge',
      `# HELP mailscope_control_held ${GAUGES.controlHeld.help}`,
      'mailscope_control_held{scope="crm"} 0',
      '# EOF',
      '',
    ]);
  });

  it('is only an EOF without samples', () => {
    expect(openMetricsText([])).toBe('# EOF\n');
  });

  it('escapes what would end a label', () => {
    const text = openMetricsText([{ gauge: 'controlHeld', labels: { scope: 'a"b\\c\nd' }, value: 1 }]);
    expect(text).toContain('mailscope_control_held{scope="a\\"b\\\\c\\nd"} 1\n');
    expect(parsePrometheus(text)).toMatchObject([{ metrics: [{ labels: { scope: 'a"b\\c\nd' } }] }]);
  });
});

describe('a gauge', () => {
  it.each(Object.values<Gauge>(GAUGES).map((gauge) => [gauge.name, gauge] as const))(
    '%s has its unit',
    (name, gauge) => {
      expect(name).toMatch(/^mailscope_[a-z_]+$/);
      // OpenMetrics: a unit is the end of the name.
      expect(gauge.unit).toBe(name.endsWith('_seconds') ? 'seconds' : undefined);
    },
  );
});
