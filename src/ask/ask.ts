// Asks Graph once about mailboxes, and says what each answer proves. It remembers nothing and needs no storage.
//
// 1. Fetch a token. Without one Graph is not asked, and every mailbox is unverified.
// 2. Ask in portions of the size of a shard, a few at a time, each between two reads of its own control.
// 3. Judge each answer by itself.
import PQueue from 'p-queue';
import { observe } from '../graph/observe.ts';
import type { ShardQuestions } from '../graph/shardProbe.ts';
import { TokenUnavailableError } from '../graph/tokens.ts';
import { inconclusive } from '../rules/classify.ts';
import { cut, LONGEST } from '../rules/foreignText.ts';
import { judgeOnce, type VerdictOnce } from '../rules/judgeOnce.ts';
import type { Expectation } from '../rules/mailbox.ts';
import type { Observation } from '../rules/observation.ts';
import type { Services } from '../services.ts';
import { borrowControls } from '../storage/plan.ts';

/** A mailbox, its answer, and what the answer proves. No subject is asked for, so no field holds one. */
export interface Asked extends Omit<Observation, 'runId'> {
  readonly expectation: Expectation;
  readonly verdict: VerdictOnce;
}

export interface AskReport {
  /** ISO 8601 UTC. */
  readonly askedAt: string;
  /** Why there is no token for Graph, in the words of the identity library; null when there is one. */
  readonly noToken: string | null;
  /** The roles in the tokens. */
  readonly roles: readonly string[];
  readonly verdicts: Readonly<Record<VerdictOnce, number>>;
  /** In alphabetical order. */
  readonly mailboxes: readonly Asked[];
}

/** The mailboxes that are asked between two reads of one control. */
export type Portion = Pick<ShardQuestions, 'ask' | 'own' | 'borrowed'>;

/** One mailbox, and perhaps a control: a refusal proves something only if the control answers. */
export interface SingleQuestion {
  readonly mailbox: string;
  readonly expectation: Expectation;
  readonly control: string | undefined;
}

const DEADLINE_MS = 90_000;
const TOKEN_DEADLINE_MS = 20_000;
/** While one portion reads its control, the others use Graph. The limiter decides how much. */
const SIDE_BY_SIDE = 4;

/** What limits the portions in work. More of them would not end by their deadlines. */
export const createTurns = () => new PQueue({ concurrency: SIDE_BY_SIDE });

/** The listed mailboxes, cut into portions as a run cuts its shards. Rejects as `services.list` does. */
export async function listedPortions(services: Services): Promise<Portion[]> {
  const plan = await services.list();
  const seed = services.newId();
  return plan.shards.map((shard) => ({
    ask: [...shard.expectations()].map(([mailbox, expectation]) => ({ mailbox, expectation })),
    own: shard.listed('allowed'),
    borrowed: borrowControls(plan, seed, shard.index),
  }));
}

export function singlePortion({ mailbox, expectation, control }: SingleQuestion): Portion {
  const own = [...(expectation === 'allowed' ? [mailbox] : []), ...(control === undefined ? [] : [control])];
  return { ask: [{ mailbox, expectation }], own, borrowed: [] };
}

/**
 * Never throws for a fault of Graph or of the identity.
 *
 * @param onPortion called after each portion with the number of mailboxes that are done
 * @param turns those that are shared with others who ask at the same time
 */
export async function ask(
  services: Services,
  portions: readonly Portion[],
  onPortion: (done: number) => void = () => undefined,
  turns = createTurns(),
): Promise<AskReport> {
  const askedAt = services.now().toISOString();
  const noToken = await whyNoToken(services);
  const mailboxes: Asked[] = [];
  const roles = new Set<string>();
  const work = portions.map((portion) => async () => {
    const seen = noToken === null ? await askPortion(services, portion, roles) : unasked(services, portion);
    mailboxes.push(...seen);
    onPortion(mailboxes.length);
  });
  await turns.addAll(work);
  mailboxes.sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1));
  const verdicts = { compliant: 0, breach: 0, lockout: 0, unverified: 0 };
  for (const { verdict } of mailboxes) verdicts[verdict] += 1;
  return { askedAt, noToken, roles: [...roles].sort(), verdicts, mailboxes };
}

async function askPortion(services: Services, portion: Portion, roles: Set<string>): Promise<Asked[]> {
  const { graph, limiter, now, random, newId } = services;
  const expectations = new Map(portion.ask.map(({ mailbox, expectation }) => [mailbox, expectation]));
  const { seen, roles: claimed } = await observe(
    { graph: graph(), limiter: limiter(), now, random, newId },
    { ...portion, withSubjects: false, deadlineMs: DEADLINE_MS, mostMs: DEADLINE_MS },
  );
  for (const role of claimed) roles.add(role);
  return seen.map(({ message: _, ...observation }) => {
    // The fallback is never used: only mailboxes of the portion are asked about.
    const expectation = expectations.get(observation.mailbox) ?? 'denied';
    return { ...observation, expectation, verdict: judgeOnce(expectation, observation) };
  });
}

/** Why there is no token, in the words of the identity library; null when there is one. */
export async function whyNoToken(services: Services): Promise<string | null> {
  try {
    await services.graph().token(TOKEN_DEADLINE_MS);
    return null;
  } catch (error) {
    if (!(error instanceof TokenUnavailableError)) throw error;
    const causes = causesOf(error.cause);
    // The identity library wraps errors with the same text. Show each text once.
    return causes.filter((cause, index) => !causes.slice(0, index).some((outer) => outer.includes(cause))).join(': ');
  }
}

/** The first line of an error and of each of its causes, outermost first. */
function causesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const [line = ''] = error.message.trim().split('\n');
  return [cut(line, LONGEST.sentence), ...causesOf(error.cause)];
}

function unasked(services: Services, { ask }: Portion): Asked[] {
  const nothing = { status: null, requestId: null, clientRequestId: null, batchRequestId: null };
  const checkedAt = services.now().toISOString();
  return ask.map(({ mailbox, expectation }) => {
    const seen = { ...nothing, ...inconclusive('token'), durationMs: 0, attempts: 0, controlHeld: false };
    return { mailbox, checkedAt, ...seen, expectation, verdict: 'unverified' };
  });
}
