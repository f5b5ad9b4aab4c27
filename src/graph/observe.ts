// Asks Graph about the mailboxes of a shard, between two reads of a control.
//
// 1. Fetch a token. Without one nothing is asked, so that no other scope waits for this one.
// 2. Find the control: the first readable one of the shard's own allowed mailboxes, or else of five borrowed ones.
// 3. Ask about all other mailboxes in batches, and repeat requests whose fault may pass.
// 4. Ask again about the first readable denied mailboxes, each alone, so that each has a request id of its own.
// 5. Read the control again. It held if it was readable both times with the same token.
import { fewRoles } from '../rules/foreignText.ts';
import type { Control } from '../rules/observation.ts';
import { type ObserveServices, type Seen, ShardProbe, type ShardQuestions } from './shardProbe.ts';
import type { Token } from './tokens.ts';

export interface ShardSeen {
  /** One answer for each mailbox that was asked about. */
  readonly seen: readonly Seen[];
  readonly control: Control;
  /** The roles in the tokens, sorted. For diagnosis only. */
  readonly roles: readonly string[];
  /** The number of 429 answers, and the milliseconds of waiting before a next try. */
  readonly throttled: number;
  readonly waitedMs: number;
}

const EVIDENCE_READS = 20;

/** Never throws for a fault of Graph. Ends at most a little after the deadline. */
export async function observe(services: ObserveServices, questions: ShardQuestions): Promise<ShardSeen> {
  const shard = new ShardProbe(services, questions);
  try {
    const before = (await shard.fetchToken()) ? await askAll(shard, questions) : null;
    const after = before && (await shard.readControlAgain(before.mailbox));
    const held = after?.outcome === 'readable' && shard.session.token === before?.token;
    return {
      seen: [...shard.answers.values()].map((answer) => ({ ...answer, controlHeld: held })),
      control: {
        mailbox: before?.mailbox ?? null,
        borrowed: before?.borrowed ?? false,
        held,
        reads: shard.reads,
        // A control that was readable both times did not hold because its token was replaced.
        fault: after?.outcome === 'readable' ? null : shard.fault,
      },
      roles: fewRoles(shard.roles),
      throttled: shard.waits.throttled,
      waitedMs: Math.round(shard.waits.waitedMs),
    };
  } finally {
    shard.close();
  }
}

/** Answers the control as it was read before the others; null when there is none. */
async function askAll(shard: ShardProbe, questions: ShardQuestions): Promise<FoundControl | null> {
  const control = await findControl(shard, questions);
  await shard.askAll(questions.ask.map(({ mailbox }) => mailbox).filter((mailbox) => !shard.answers.has(mailbox)));
  await collectEvidence(shard, questions);
  return control;
}

interface FoundControl {
  readonly mailbox: string;
  readonly borrowed: boolean;
  readonly token: Token | undefined;
}

async function findControl(shard: ShardProbe, { own, borrowed }: ShardQuestions): Promise<FoundControl | null> {
  const found = (mailbox: string, isBorrowed: boolean) => ({
    mailbox,
    borrowed: isBorrowed,
    token: shard.session.token,
  });
  const [first, ...others] = own;
  if (first !== undefined && (await shard.readCandidate(first)).outcome === 'readable') return found(first, false);
  // One by one would take long in a shard that is locked out. Most of them must be asked anyway.
  const { token } = shard.session;
  const answers = await shard.askCandidates(others);
  const readable = others.find((mailbox) => answers.get(mailbox)?.outcome === 'readable');
  // If the token was replaced, the control must be read again with the new one.
  const isCurrent = token === shard.session.token;
  if (readable !== undefined && (isCurrent || (await shard.readCandidate(readable)).outcome === 'readable')) {
    return found(readable, false);
  }
  for (const mailbox of borrowed) {
    if ((await shard.readCandidate(mailbox)).outcome === 'readable') return found(mailbox, true);
  }
  return null;
}

/**
 * Microsoft's support asks for a request id, which an answer in a batch does not have. No verdict needs these reads.
 */
async function collectEvidence(shard: ShardProbe, { ask }: ShardQuestions): Promise<void> {
  const denied = ask.filter(({ expectation }) => expectation === 'denied').map(({ mailbox }) => mailbox);
  const readable = denied.filter((mailbox) => shard.answers.get(mailbox)?.outcome === 'readable');
  await Promise.all(readable.slice(0, EVIDENCE_READS).map((mailbox) => shard.askAgainAlone(mailbox)));
}
