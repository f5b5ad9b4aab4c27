// Asks a shard's questions, alone and in batches, under one deadline and one token, and keeps the answers.
import { inconclusive } from '../rules/classify.ts';
import type { Expectation } from '../rules/mailbox.ts';
import type { ControlRead, Observation } from '../rules/observation.ts';
import { type Answer, askBatch, type BatchServices } from './batch.ts';
import { Deadline } from './deadline.ts';
import { latestMessage, type Message } from './latestMessage.ts';
import type { Limiter } from './limiter.ts';
import type { Session } from './middleware.ts';
import { askProbes, Probe } from './probes.ts';
import { rolesOf } from './tokens.ts';
import { type Wait, Waits } from './waits.ts';

export interface ObserveServices extends BatchServices {
  readonly limiter: Limiter;
  readonly random: () => number;
}

export interface ShardQuestions {
  readonly ask: readonly { readonly mailbox: string; readonly expectation: Expectation }[];
  /** Candidates for the control: all allowed mailboxes of the shard, also those that need no answer any more. */
  readonly own: readonly string[];
  /** Allowed mailboxes of other shards. They are candidates if no own one is readable. */
  readonly borrowed: readonly string[];
  /** Ask for the subjects of allowed mailboxes. */
  readonly withSubjects: boolean;
  /** The time limit, counted from the first request. */
  readonly deadlineMs: number;
  /** The limit for everything, including the wait for the first request. */
  readonly mostMs: number;
}

/** An observation without its run, and with the message. */
export interface Seen extends Omit<Observation, 'runId'> {
  readonly message: Message;
}

/** An answer before it is known whether the control held. */
type Seeing = Omit<Seen, 'controlHeld'>;

// Time for the second read of the control: a mailbox that never answers must not leave the others without proof.
const RESERVED_SHARE = 1 / 9;
// Time for one candidate: a throttled one must not use up the time of all.
const CANDIDATE_SHARE = 1 / 9;

export class ShardProbe {
  readonly session: Session = {};
  readonly answers = new Map<string, Seeing>();
  readonly reads: ControlRead[] = [];
  readonly roles = new Set<string>();
  readonly waits = new Waits();
  readonly #services: ObserveServices;
  readonly #deadlineMs: number;
  readonly #asking: Deadline;
  readonly #closing: Deadline;
  readonly #toBeSeen: ReadonlySet<string>;
  readonly #withSubject: ReadonlySet<string>;

  constructor(services: ObserveServices, { ask, withSubjects, deadlineMs, mostMs }: ShardQuestions) {
    this.#services = services;
    this.#deadlineMs = deadlineMs;
    const reservedMs = deadlineMs * RESERVED_SHARE;
    this.#asking = new Deadline(deadlineMs - reservedMs, mostMs - reservedMs);
    this.#closing = new Deadline(deadlineMs, mostMs);
    this.#toBeSeen = new Set(ask.map(({ mailbox }) => mailbox));
    const allowed = ask.filter(({ expectation }) => expectation === 'allowed');
    this.#withSubject = new Set(withSubjects ? allowed.map(({ mailbox }) => mailbox) : []);
  }

  close(): void {
    this.#asking.clear();
    this.#closing.clear();
  }

  /**
   * Reads one candidate for the control. If the shard must see this mailbox, its first read is its observation. A read
   * that ran out of time does not count: the mailbox is then asked again with the others.
   */
  async readCandidate(mailbox: string): Promise<Seeing> {
    const isToBeSeen = this.#toBeSeen.has(mailbox) && !this.answers.has(mailbox);
    const withSubject = isToBeSeen && this.#withSubject.has(mailbox);
    const read = await this.#readControl(mailbox, this.#asking, withSubject, this.#deadlineMs * CANDIDATE_SHARE);
    if (isToBeSeen && !isGivenUp(read)) this.answers.set(mailbox, read);
    else this.#noteRead(read);
    return read;
  }

  /** Reads the control the second time, in the time reserved for it. */
  async readControlAgain(mailbox: string): Promise<Seeing> {
    const read = await this.#readControl(mailbox, this.#closing, false, this.#deadlineMs);
    this.#noteRead(read);
    return read;
  }

  /** Asks about a readable mailbox alone, and puts the ids of this request into its answer. */
  async askAgainAlone(mailbox: string): Promise<void> {
    const { limiter } = this.#services;
    const { signal } = this.#asking;
    const first = this.answers.get(mailbox);
    const read = await limiter.run(() => this.#readAlone(mailbox, this.#asking, false, this.#deadlineMs), signal);
    if (!first || read?.outcome !== 'readable') return;
    const { requestId, clientRequestId, checkedAt } = read;
    const attempts = first.attempts + read.attempts;
    this.answers.set(mailbox, { ...first, requestId, clientRequestId, checkedAt, attempts });
  }

  /** Asks about mailboxes in batches. */
  async askAll(mailboxes: readonly string[]): Promise<void> {
    for (const seeing of (await this.#askAll(mailboxes, this.#asking)).values()) {
      if (this.#toBeSeen.has(seeing.mailbox)) this.answers.set(seeing.mailbox, seeing);
    }
  }

  /** Asks about candidates in batches. Those that ran out of time are asked again with the others. */
  async askCandidates(mailboxes: readonly string[]): Promise<ReadonlyMap<string, Seeing>> {
    const deadline = new Deadline(this.#deadlineMs * CANDIDATE_SHARE);
    try {
      const asked = await this.#askAll(mailboxes, deadline);
      for (const seeing of asked.values()) {
        if (this.#toBeSeen.has(seeing.mailbox) && !isGivenUp(seeing)) this.answers.set(seeing.mailbox, seeing);
      }
      return asked;
    } finally {
      deadline.clear();
    }
  }

  async #askAll(mailboxes: readonly string[], deadline: Deadline): Promise<ReadonlyMap<string, Seeing>> {
    const probes = mailboxes.map((mailbox) => new Probe({ mailbox, withSubject: this.#withSubject.has(mailbox) }));
    const signal = AbortSignal.any([deadline.signal, this.#asking.signal]);
    await askProbes(probes, { send: (take) => this.#sendBatch(take, deadline, signal), signal });
    const asked = new Map<string, Seeing>();
    for (const { question, answer, durationMs, attempts } of probes) {
      const seeing = this.#seeing(question.mailbox, answer, durationMs, attempts);
      asked.set(question.mailbox, seeing);
    }
    return asked;
  }

  async #sendBatch(
    take: () => readonly Probe[],
    deadline: Deadline,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Probe, number | null>> {
    const { limiter, random } = this.#services;
    const send = async () => {
      const batch = take();
      const startedAt = performance.now();
      const answers = await askBatch(
        this.#services,
        batch.map(({ question }) => question),
        { deadlineMs: this.#begin(deadline), session: this.session, onWait: (wait) => this.#holdBack(wait) },
      );
      this.#noteRoles();
      const tookMs = performance.now() - startedAt;
      const remainingMs = this.#begin(deadline);
      const settle = (probe: Probe, index: number): [Probe, number | null] => {
        // askBatch answers every question.
        const waitMs = probe.settle(answers[index] as Answer, tookMs, random);
        if (waitMs === null) return [probe, null];
        // A wait that would end after the deadline does not begin.
        const begun = waitMs < remainingMs;
        this.waits.note({ ms: waitMs, status: probe.answer?.status ?? null, begun });
        return [probe, begun ? waitMs : null];
      };
      return new Map(batch.map(settle));
    };
    // Null if the time was over before the batch could begin. Then askProbes has given up too.
    return (await limiter.run(send, signal)) ?? new Map();
  }

  /** A throttled batch holds back the others. After a server error it does so only if this batch waits itself. */
  #holdBack(wait: Wait): void {
    this.waits.note(wait);
    if (wait.status === 429 || (wait.status !== null && wait.begun)) this.#services.limiter.holdBack(wait.ms);
  }

  async #readControl(mailbox: string, deadline: Deadline, withSubject: boolean, mostMs: number): Promise<Seeing> {
    const work = () => this.#readAlone(mailbox, deadline, withSubject, mostMs);
    const read = await this.#services.limiter.runControl(mailbox, work, deadline.signal);
    return read ?? this.#seeing(mailbox, null, 0, 0);
  }

  #noteRead({ message: _, ...read }: Seeing): void {
    this.reads.push(read);
  }

  async #readAlone(mailbox: string, deadline: Deadline, withSubject: boolean, mostMs: number): Promise<Seeing> {
    const deadlineMs = Math.min(this.#begin(deadline), mostMs);
    const options = { deadlineMs, session: this.session, onWait: (wait: Wait) => this.waits.note(wait) };
    const read = await latestMessage(this.#services.graph, mailbox, withSubject, options);
    this.#noteRoles();
    const answer = { ...read, batchRequestId: null, retryAfterMs: null, final: true };
    return this.#seeing(mailbox, answer, read.durationMs, read.attempts);
  }

  /**
   * Starts the shard's deadlines with its first request. Returns the time left of `deadline` and of the time for
   * asking.
   */
  #begin(deadline: Deadline): number {
    const closingMs = this.#closing.begin();
    const askingMs = this.#asking.begin();
    return deadline === this.#closing ? closingMs : Math.min(askingMs, deadline.begin());
  }

  #seeing(mailbox: string, answer: Answer | null, durationMs: number, attempts: number): Seeing {
    const { outcome, reason, code, messageClass } = answer ?? inconclusive('timeout');
    return {
      mailbox,
      checkedAt: this.#services.now().toISOString(),
      outcome,
      reason,
      status: answer?.status ?? null,
      code,
      messageClass,
      requestId: answer?.requestId ?? null,
      clientRequestId: answer?.clientRequestId ?? null,
      batchRequestId: answer?.batchRequestId ?? null,
      durationMs: Math.round(durationMs),
      attempts,
      message: { subject: answer?.subject ?? null, receivedDateTime: answer?.receivedDateTime ?? null },
    };
  }

  #noteRoles(): void {
    for (const role of this.session.token ? rolesOf(this.session.token) : []) this.roles.add(role);
  }
}

/** Whether the time ran out before an answer that counts. */
function isGivenUp({ reason }: Seeing): boolean {
  return reason === 'throttled' || reason === 'timeout';
}
