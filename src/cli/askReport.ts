// A report about one scope or several, as text and as an exit code. That of one scope does not name it.
import type { ScopeAsked } from '../ask/askScopes.ts';
import type { MailscopeError } from '../errors.ts';
import { printableJson } from '../printable.ts';
import { table } from './reportTable.ts';

export function printed(asked: readonly ScopeAsked[], json: boolean): string {
  const [first, ...others] = asked;
  if (first && 'report' in first && others.length === 0) {
    return json ? `${printableJson(first.report)}\n` : table(first.report);
  }
  return json ? `${printableJson({ scopes: asked.map(entryOf) })}\n` : asked.map(tableOf).join('\n');
}

function entryOf(one: ScopeAsked): object {
  if ('report' in one) return { scope: one.scope, ...one.report };
  return { scope: one.scope, code: one.failure.code, faults: faultsOf(one.failure) };
}

function tableOf(one: ScopeAsked): string {
  return `Scope ${one.scope}\n${'report' in one ? table(one.report) : `Not asked: ${whyNotAsked(one.failure)}.\n`}`;
}

export function whyNotAsked({ code }: MailscopeError): string {
  return code === 'configuration-invalid' ? 'its settings are wrong' : 'its list cannot be read';
}

export function faultsOf({ message, facts }: MailscopeError): readonly string[] {
  return facts.faults ?? [message];
}

/**
 * 0 all is as declared, 1 a breach or a lockout, 2 something could not be proved, 3 bad settings. 1 goes before 3, and 3
 * before 2.
 *
 * @param hasStrays whether there are settings that belong to no scope
 */
export function exitCodeOf(asked: readonly ScopeAsked[], hasStrays: boolean): 0 | 1 | 2 | 3 {
  const codes = asked.map((one) => {
    if ('failure' in one) return one.failure.code === 'configuration-invalid' ? 3 : 2;
    const { breach, lockout, unverified } = one.report.verdicts;
    if (breach + lockout > 0) return 1;
    return unverified > 0 ? 2 : 0;
  });
  if (hasStrays) codes.push(3);
  return ([1, 3, 2] as const).find((code) => codes.includes(code)) ?? 0;
}
