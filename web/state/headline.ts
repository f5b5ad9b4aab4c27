// The one answer: what is wrong now, the worst first, in words.
import type { HealthProblem, Run, Scope, Verdict } from '../apiTypes.ts';
import { span } from './times.ts';

/** From the worst to the best. `loading` is before the first answer. */
export const LEVELS = ['breach', 'silent', 'blind', 'lockout', 'unproven', 'pending', 'proven', 'loading'] as const;
export type Level = (typeof LEVELS)[number];

export interface Statement {
  readonly level: Level;
  readonly text: string;
  /** A few words for the title of the window. */
  readonly short: string;
}

export interface Headline extends Statement {
  /** What is wrong beside it, the worst first. */
  readonly also: readonly string[];
}

/** What the page knows of the API itself. */
export interface Contact {
  /** Why the last question was not answered; null when it was. `isHeard`: the API itself says what is wrong. */
  readonly failure: { readonly text: string; readonly isHeard: boolean } | null;
  /** How old what is shown is; null when there is nothing, or when it is the newest. */
  readonly ageMs: number | null;
  /** Whether that is too old to be believed, by the page's own clock. */
  readonly isOld: boolean;
  readonly isPaused: boolean;
  /** How long no expected run has come, by the page's own clock; null when runs come. */
  readonly runMissingMs: number | null;
}

/** With these the app cannot watch, whatever its last run saw. */
const STOPPING = [
  'configuration-invalid',
  'identity-unavailable',
  'storage-unavailable',
  'tables-in-use',
  'run-overdue',
];

/** Nothing is known before the first answer. */
const LOADING: Statement = { level: 'loading', text: 'Asking Mailscope …', short: 'Asking' };

/**
 * The headline of one scope.
 *
 * @param scope null before the first answer
 */
export function headlineOf(scope: Scope | null, contact: Contact): Headline {
  const said = contactStatements(contact);
  return scope ? worstFirst([...said, ...scopeStatements(scope)], noticesOf(scope)) : worstFirst(said);
}

/** The headline of several scopes: the worst one, with its name. The list of scopes tells of the others. */
export function headlineOfAll(scopes: readonly Scope[], contact: Contact): Headline {
  const bad = scopesWorstFirst(scopes).filter(({ headline }) => headline.level !== 'proven');
  const { also, ...headline } = worstFirst([...contactStatements(contact), ...bad.slice(0, 1).map(named)]);
  const others = bad.length - 1;
  const more = others > 0 ? [`${others} more ${others === 1 ? 'scope needs' : 'scopes need'} a look.`] : [];
  if (headline.level !== 'loading') return { ...headline, also: [...also, ...more] };
  const denied = scopes.reduce((sum, { mailboxes }) => sum + (mailboxes?.denied ?? 0), 0);
  const text = `In all ${scopes.length} scopes: ${allRefused(denied)}`;
  return { level: 'proven', text, short: 'All refused', also };
}

interface ScopeHeadline {
  readonly scope: Scope;
  readonly headline: Headline;
}

/** The scopes, the worst first; equal ones keep their order. */
export function scopesWorstFirst(scopes: readonly Scope[]): readonly ScopeHeadline[] {
  const all = scopes.map((scope) => ({ scope, headline: worstFirst(scopeStatements(scope), noticesOf(scope)) }));
  return all.sort((a, b) => rank(a.headline.level) - rank(b.headline.level));
}

function named({ scope: { name }, headline: { level, text, short } }: ScopeHeadline): Statement {
  return { level, text: `${name}: ${text}`, short: `${name}: ${short}` };
}

/** @param notices what is wrong, and changes the answer in no way */
function worstFirst(statements: readonly Statement[], notices: readonly string[] = []): Headline {
  const [first = LOADING, ...others] = [...statements].sort((a, b) => rank(a.level) - rank(b.level));
  const wrong = others.filter(({ level }) => level !== 'proven').map(({ text }) => text);
  // Two questions may fail for the same reason.
  return { ...first, also: [...new Set([...wrong, ...notices])].filter((text) => text !== first.text) };
}

function rank(level: Level): number {
  return LEVELS.indexOf(level);
}

function contactStatements({ failure, ageMs, isOld, isPaused, runMissingMs }: Contact): Statement[] {
  const old = ageMs === null ? '' : ` What you see is ${span(ageMs)} old.`;
  if (failure !== null) return [silent(`${failure.text}${old}`, failure.isHeard ? 'Not working' : undefined)];
  if (isPaused && isOld) return [silent(`This page is paused.${old}`, 'Paused')];
  if (isOld) return [silent(`Mailscope has not answered in time.${old}`)];
  if (runMissingMs !== null)
    return [silent(`No run has come for ${span(runMissingMs)}, so nothing newer is known.`, 'No run')];
  return [];
}

function silent(text: string, short = 'No answer'): Statement {
  return { level: 'silent', text, short };
}

function scopeStatements(scope: Scope): Statement[] {
  const { verdicts, problems, controlHeld } = scope;
  const stops = problems.filter(isStop).map((problem) => silent(problemText(problem), 'Not watching'));
  // Where settings or storage fail, nobody knows whether there was a run.
  const isUnknown = verdicts === null && stops.length > 0;
  const wrong = [
    ...stops,
    ...(verdicts !== null ? verdictStatements(verdicts) : isUnknown ? [] : [NO_RUN]),
    ...(controlHeld === false ? [BLIND] : []),
  ];
  return wrong.length > 0 ? wrong : [proven(scope)];
}

/** Whether the scope cannot be watched now, so that no run is to be expected. */
export function isStopped({ problems }: Scope): boolean {
  return problems.some(isStop);
}

function isStop({ code }: HealthProblem): boolean {
  return STOPPING.includes(code);
}

function noticesOf({ problems }: Scope): string[] {
  const undelivered = problems.filter(({ code }) => code === 'alert-undelivered');
  return undelivered.map((problem) => `Alerts do not arrive: ${problemText(problem)}`);
}

const NO_RUN: Statement = {
  level: 'unproven',
  text: 'Nothing is proven yet: no run has completed.',
  short: 'Not proven',
};

const BLIND: Statement = {
  level: 'blind',
  text: 'The monitor is blind: in the last run a control did not hold, so refusals prove nothing.',
  short: 'Blind',
};

function verdictStatements({ breach, lockout, unverified, pending }: Readonly<Record<Verdict, number>>): Statement[] {
  return [
    ...counted(
      'breach',
      breach,
      'mailbox that must not be read can be read.',
      'mailboxes that must not be read can be read.',
    ),
    ...counted(
      'lockout',
      lockout,
      'mailbox that must be readable is refused.',
      'mailboxes that must be readable are refused.',
    ),
    ...counted('unproven', unverified, 'mailbox is not proven.', 'mailboxes are not proven.'),
    ...counted('pending', pending, 'mailbox is not decided yet.', 'mailboxes are not decided yet.'),
  ];
}

const SHORT = { breach: 'breach', lockout: 'lockout', unproven: 'not proven', pending: 'pending' } as const;

function counted(level: keyof typeof SHORT, count: number, one: string, many: string): Statement[] {
  if (count === 0) return [];
  const shown = count.toLocaleString('en-US');
  return [{ level, text: `${shown} ${count === 1 ? one : many}`, short: `${shown} ${SHORT[level]}` }];
}

function proven({ mailboxes }: Scope): Statement {
  return { level: 'proven', text: sentence(allRefused(mailboxes?.denied ?? 0)), short: 'All refused' };
}

function allRefused(denied: number): string {
  if (denied === 0) return 'no mailbox is denied, and every allowed one is readable.';
  if (denied === 1) return 'the one mailbox that must not be read is refused.';
  return `all ${denied.toLocaleString('en-US')} mailboxes that must not be read are refused.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A problem of `health` in words. */
export function problemText({ code, detail, setting, fault }: HealthProblem): string {
  return detail ?? (setting === undefined ? code : `The setting ${setting} is ${fault ?? 'wrong'}.`);
}

/** `proven`: all denied mailboxes were, then. `waits`: the proof of one of them is older, or it has none since then. */
export interface LastProof {
  readonly kind: 'proven' | 'waits';
  /** ISO 8601 UTC. */
  readonly at: string;
}

/**
 * When every denied mailbox was last proven to be refused; null when nothing is known.
 *
 * @param runs newest first
 */
export function lastProof(runs: readonly Run[]): LastProof | null {
  const completed = runs.filter(({ status }) => status === 'completed');
  const whole = completed.find(
    ({ controlHeld, notSeen, byExpectation: { denied } }) =>
      controlHeld && notSeen === 0 && denied.readable + denied.inconclusive === 0 && denied.refused > 0,
  );
  if (whole) return { kind: 'proven', at: whole.oldestProof ?? whole.startedAt };
  const waits = completed[0]?.oldestProof;
  return waits ? { kind: 'waits', at: waits } : null;
}
