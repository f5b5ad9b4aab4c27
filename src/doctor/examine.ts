// Checks everything that a run needs, in each scope. It leaves nothing behind, and alerts nobody unless asked to.
//
// 1. Replace the wrong parts of the settings by placeholders. The checks that need these parts are skipped.
// 2. Make the other checks at the same time. They share what they find out.
import { type Finding, type Result, skipped, worstOf } from '../rules/doctor/finding.ts';
import type { Scopes, Services } from '../services.ts';
import type { SettingFault } from '../settings/settings.ts';
import { CHECKS } from './checks.ts';
import type { Check } from './doctorCheck.ts';
import { Facts } from './facts.ts';
import { type FaultyParts, faultyParts } from './settingParts.ts';
import { settingsCheck } from './settingsChecks.ts';
import { SharedFacts } from './sharedFacts.ts';

export interface DoctorReport {
  /** ISO 8601 UTC. */
  readonly checkedAt: string;
  /** `bad-settings` goes before `unhealthy`. Warnings do not make it unhealthy. */
  readonly result: 'healthy' | 'unhealthy' | 'bad-settings';
  readonly checks: readonly CheckReport[];
}

export interface ScopeReport extends DoctorReport {
  readonly scope: string;
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
  /** Faults that belong to no scope. They are reported with the first one. */
  readonly strays: readonly SettingFault[];
  /** Called with the name of each check that is done. */
  readonly onCheck?: (scope: string, name: string) => void;
}

/**
 * A report for each of the scopes, in their order. Never throws for a fault outside this process.
 *
 * @param working all scopes of the same environment, made with `withStandIns` and without strays
 */
export function examine(
  scopes: readonly Services[],
  working: Scopes,
  { send, strays, onCheck }: ExamineOptions,
): Promise<ScopeReport[]> {
  const shared = new SharedFacts(working.all[0]);
  return Promise.all(
    scopes.map(async ({ scope, environment, configuration: { faults } }, index) => {
      // The names of the scopes are the same.
      const services = working.find(scope) as Services;
      const facts = new Facts(services, shared, index === 0 ? [...faults, ...strays] : faults, send);
      const onDone = (name: string) => onCheck?.(scope, name);
      return { scope, ...(await examineScope(facts, faultyParts(environment, faults), onDone)) };
    }),
  );
}

async function examineScope(facts: Facts, faulty: FaultyParts, onDone: (name: string) => void): Promise<DoctorReport> {
  const checkedAt = facts.services.now().toISOString();
  const checks = await Promise.all(
    CHECKS.map(async (check) => {
      const report = await makeCheck(check, facts, faulty);
      onDone(check.name);
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
