// Asks Graph about several scopes side by side. A scope that cannot be asked does not hold back the others.
import { MailscopeError } from '../errors.ts';
import type { Services } from '../services.ts';
import { type AskReport, ask, createTurns, listedPortions, type SingleQuestion, singlePortion } from './ask.ts';

/** What was seen in a scope, or why it was not asked. */
export type ScopeAsked =
  | { readonly scope: string; readonly report: AskReport }
  | { readonly scope: string; readonly failure: MailscopeError };

/** The number of mailboxes of a scope, and of those that are done. */
export type OnProgress = (services: Services, done: number, all: number) => void;

/** In the order of the scopes. Throws only for a defect. */
export function askScopes(
  scopes: readonly Services[],
  question: SingleQuestion | undefined,
  onProgress: OnProgress,
): Promise<ScopeAsked[]> {
  const turns = createTurns();
  return Promise.all(scopes.map((services) => askScope(services, question, onProgress, turns)));
}

async function askScope(
  services: Services,
  question: SingleQuestion | undefined,
  onProgress: OnProgress,
  turns: ReturnType<typeof createTurns>,
): Promise<ScopeAsked> {
  const { scope } = services;
  try {
    services.settings();
    const portions = question ? [singlePortion(question)] : await listedPortions(services);
    const all = portions.reduce((sum, portion) => sum + portion.ask.length, 0);
    onProgress(services, 0, all);
    return { scope, report: await ask(services, portions, (done) => onProgress(services, done, all), turns) };
  } catch (error) {
    if (!(error instanceof MailscopeError)) throw error;
    return { scope, failure: error };
  }
}

/** Whether everything that could be asked is as declared. */
export function isAsDeclared(asked: readonly ScopeAsked[]): boolean {
  return asked.every((one) => 'failure' in one || one.report.verdicts.compliant === one.report.mailboxes.length);
}
