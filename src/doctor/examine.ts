// Checks everything that a run needs. It leaves nothing behind, and alerts nobody unless asked to.
//
// 1. Replace the wrong parts of the settings by placeholders. The checks that need these parts are skipped.
// 2. Make the other checks at the same time. They share what they find out.
import { type Finding, type Result, skipped, worstOf } from '../rules/doctor/finding.ts';
import type { Services } from '../services.ts';
import type { Environment } from '../settings/settings.ts';
import { CHECKS } from './checks.ts';
import type { Check } from './doctorCheck.ts';
import { Facts } from './facts.ts';
import { type FaultyParts, faultyParts, withoutFaults } from './settingParts.ts';
import { settingsCheck } from './settingsChecks.ts';

export interface DoctorReport {
  /** ISO 8601 UTC. */
  readonly checkedAt: string;
  /** `bad-settings` goes before `unhealthy`. Warnings do not make it unhealthy. */
  readonly result: 'healthy' | 'unhealthy' | 'bad-settings';
  readonly checks: readonly CheckReport[];
}

export interface CheckReport {
  readonly name: string;
  /** The worst of its findings. */
  readonly result: Result;
  readonly findings: readonly Finding[];
}

export interface ExamineOptions {
  /** Send a test alert to the webhook. */
  readonly send: boolean;
  /** Called with the name of each check that is done. */
  readonly onCheck?: (name: string) => void;
}

/** Never throws for a fault outside this process. */
export async function examine(
  environment: Environment,
  makeServices: (environment: Environment) => Services,
  options: ExamineOptions,
): Promise<DoctorReport> {
  const { configuration } = makeServices(environment);
  const faulty = faultyParts(environment, configuration.faults);
  const services = makeServices(withoutFaults(environment, configuration.faults, faulty));
  const checkedAt = services.now().toISOString();
  const facts = new Facts(services, configuration.faults, options.send);
  const checks = await Promise.all(
    CHECKS.map(async (check) => {
      const report = await makeCheck(check, facts, faulty);
      options.onCheck?.(check.name);
      return report;
    }),
  );
  return { checkedAt, result: resultOf(checks), checks };
}

async function makeCheck(check: Check, facts: Facts, faulty: FaultyParts): Promise<CheckReport> {
  const missing = check.needs.find((part) => faulty.has(part));
  const findings = missing ? [skipped(`${faulty.get(missing)} is wrong`)] : await check.look(facts);
  return { name: check.name, result: worstOf(findings), findings };
}

function resultOf(checks: readonly CheckReport[]): DoctorReport['result'] {
  const problems = checks.filter(({ result }) => result === 'problem');
  if (problems.some(({ name }) => name === settingsCheck.name)) return 'bad-settings';
  return problems.length > 0 ? 'unhealthy' : 'healthy';
}
