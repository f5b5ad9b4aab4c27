// Asks Graph about the mailboxes of a shard, between two reads of a control.
//
// 1. The shard's own allowed mailboxes are asked until one is readable: the control. Then five borrowed ones.
// 2. Everything else is asked in batches; what may pass is asked again.
// 3. The first denied mailboxes found readable are asked again alone, for evidence that stands by itself.
// 4. The control is read again. It held when it is readable both times, with the same token.
import type { Control } from '../rules/observation.ts';
import { type ObserveServices, type Seen, ShardProbe, type ShardQuestions } from './shardProbe.ts';
import type { Token } from './tokens.ts';

export interface ShardSeen {
  /** One of every mailbox asked. */
  readonly seen: readonly Seen[];
  readonly control: Control;
  /** The roles that the tokens in use claim, sorted: for diagnosis only. */
  readonly roles: readonly string[];
  /** Answers that were a 429, and milliseconds in which something waited to be asked again. */
  readonly throttled: number;
  readonly waitedMs: number;
}

const EVIDENCE_READS = 20;

/** Never throws for what Graph does; ends a little after the deadline at the latest. */
export async function observe(services: ObserveServices, questions: ShardQuestions): Promise<ShardSeen> {
  const shard = new ShardProbe(services, questions);
  try {
    const before = await findControl(shard, questions);
    await shard.askAll(questions.ask.map(({ mailbox }) => mailbox).filter((mailbox) => !shard.answers.has(mailbox)));
    await collectEvidence(shard, questions);
    const after = before && (await shard.readControlAgain(before.mailbox));
    const held = after?.outcome === 'readable' && shard.session.token === before?.token;
    return {
      seen: [...shard.answers.values()].map((answer) => ({ ...answer, controlHeld: held })),
      control: { mailbox: before?.mailbox ?? null, borrowed: before?.borrowed ?? false, held, reads: shard.reads },
      roles: [...shard.roles].sort(),
      throttled: shard.waits.throttled,
      waitedMs: Math.round(shard.waits.waitedMs),
    };
  } finally {
    shard.close();
  }
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
  // One after the other they would take long in a shard that is locked out, and most need asking anyway.
  const { token } = shard.session;
  const answers = await shard.askCandidates(others);
  const readable = others.find((mailbox) => answers.get(mailbox)?.outcome === 'readable');
  // With a token that was replaced meanwhile it has to be read anew.
  const isCurrent = token === shard.session.token;
  if (readable !== undefined && (isCurrent || (await shard.readCandidate(readable)).outcome === 'readable')) {
    return found(readable, false);
  }
  for (const mailbox of borrowed) {
    if ((await shard.readCandidate(mailbox)).outcome === 'readable') return found(mailbox, true);
  }
  return null;
}

/** An inner answer carries no request id of its own, which Microsoft's support asks for. No verdict waits for these reads. */
async function collectEvidence(shard: ShardProbe, { ask }: ShardQuestions): Promise<void> {
  const denied = ask.filter(({ expectation }) => expectation === 'denied').map(({ mailbox }) => mailbox);
  const readable = denied.filter((mailbox) => shard.answers.get(mailbox)?.outcome === 'readable');
  await Promise.all(readable.slice(0, EVIDENCE_READS).map((mailbox) => shard.askAgainAlone(mailbox)));
}
