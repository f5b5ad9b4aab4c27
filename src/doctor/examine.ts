// Looks at everything that a run needs, and says of each thing whether it is well. Leaves nothing behind and calls nobody unasked.
//
// 1. Parts of the settings that are at fault are set aside; the checks that need them are skipped.
// 2. The other checks are made side by side, and share what they find out.
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
  /** `bad-settings` whatever else is wrong; warnings leave it healthy. */
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
  /** Told the name of each check when it is done. */
  readonly onCheck?: (name: string) => void;
}

/** Never throws for what the world outside does. */
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
  const findings = missing ? [skipped(`${faulty.get(missing)} is at fault`)] : await check.look(facts);
  return { name: check.name, result: worstOf(findings), findings };
}

function resultOf(checks: readonly CheckReport[]): DoctorReport['result'] {
  const problems = checks.filter(({ result }) => result === 'problem');
  if (problems.some(({ name }) => name === settingsCheck.name)) return 'bad-settings';
  return problems.length > 0 ? 'unhealthy' : 'healthy';
}
