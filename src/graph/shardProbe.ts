// Asks a shard's questions, alone and in batches, under one deadline and one token, and keeps the answers.
import { inconclusive, type Reason } from '../rules/classify.ts';
import type { Expectation } from '../rules/mailbox.ts';
import type { ControlFault, ControlRead, Observation } from '../rules/observation.ts';
import { type Answer, askBatch, type BatchServices } from './batch.ts';
import { Deadline } from './deadline.ts';
import { latestMessage, type Message } from './latestMessage.ts';
import type { Limiter, Outside } from './limiter.ts';
import type { Session } from './middleware.ts';
import { askProbes, Probe } from './probes.ts';
import { SmallerParts } from './smallerParts.ts';
import { rolesOf, TokenUnavailableError } from './tokens.ts';
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

/** A mailbox that was asked about in batches, and whether its answer counts or the time was over. */
interface AskedProbe {
  readonly seeing: Seeing;
  readonly isDone: boolean;
}

type ProbeWaits = ReadonlyMap<Probe, number | null>;

/** The answers to a request about one mailbox that say nothing about this mailbox. */
const FAILED: ReadonlySet<Reason> = new Set(['throttled', 'token', 'service', 'network', 'timeout', 'unexpected']);

/** As long as one fetch of a token may take. */
const TOKEN_DEADLINE_MS = 15_000;
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
  /** Why there is no control: the first candidate that was not readable, or else the control's second read. */
  fault: ControlFault | null = null;
  readonly #parts = new SmallerParts();
  readonly #services: ObserveServices;
  readonly #deadlineMs: number;
  readonly #mostMs: number;
  readonly #asking: Deadline;
  readonly #closing: Deadline;
  readonly #toBeSeen: ReadonlySet<string>;
  readonly #withSubject: ReadonlySet<string>;

  constructor(services: ObserveServices, { ask, withSubjects, deadlineMs, mostMs }: ShardQuestions) {
    this.#services = services;
    this.#deadlineMs = deadlineMs;
    this.#mostMs = mostMs;
    const reservedMs = deadlineMs * RESERVED_SHARE;
    this.#asking = new Deadline(deadlineMs - reservedMs, mostMs - reservedMs);
    this.#closing = new Deadline(deadlineMs, mostMs);
    this.#toBeSeen = new Set(ask.map(({ mailbox }) => mailbox));
    const allowed = ask.filter(({ expectation }) => expectation === 'allowed');
    this.#withSubject = new Set(withSubjects ? allowed.map(({ mailbox }) => mailbox) : []);
  }

  /**
   * Fetches the token that the requests of the shard share. It waits outside the limiter: a scope without a token must not
   * take the room of others. False when there is none in time; then every answer is `token`.
   */
  async fetchToken(): Promise<boolean> {
    try {
      this.session.token = await this.#services.graph.token(Math.min(TOKEN_DEADLINE_MS, this.#mostMs));
      return true;
    } catch (error) {
      if (!(error instanceof TokenUnavailableError)) throw error;
      for (const mailbox of this.#toBeSeen) this.answers.set(mailbox, this.#seeing(mailbox, null, 0, 0, 'token'));
      this.fault = { reason: 'token', status: null, code: null };
      return false;
    }
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
    this.fault ??= faultOf(read);
    return read;
  }

  /** Reads the control the second time, in the time reserved for it. */
  async readControlAgain(mailbox: string): Promise<Seeing> {
    const read = await this.#readControl(mailbox, this.#closing, false, this.#deadlineMs);
    this.#noteRead(read);
    this.fault = faultOf(read);
    return read;
  }

  /** Asks about a readable mailbox alone, and puts the ids of this request into its answer. */
  async askAgainAlone(mailbox: string): Promise<void> {
    const { limiter } = this.#services;
    const { signal } = this.#asking;
    const first = this.answers.get(mailbox);
    const read = await limiter.run(
      (outside) => this.#readAlone(mailbox, this.#asking, false, this.#deadlineMs, outside),
      signal,
    );
    if (!first || read?.outcome !== 'readable') return;
    const { requestId, clientRequestId, checkedAt } = read;
    const attempts = first.attempts + read.attempts;
    this.answers.set(mailbox, { ...first, requestId, clientRequestId, checkedAt, attempts });
  }

  /** Asks about mailboxes in batches. */
  async askAll(mailboxes: readonly string[]): Promise<void> {
    for (const { seeing } of await this.#askAll(mailboxes, this.#asking)) {
      if (this.#toBeSeen.has(seeing.mailbox)) this.answers.set(seeing.mailbox, seeing);
    }
  }

  /** Asks about candidates in batches. Those that ran out of time are asked again with the others. */
  async askCandidates(mailboxes: readonly string[]): Promise<ReadonlyMap<string, Seeing>> {
    const deadline = new Deadline(this.#deadlineMs * CANDIDATE_SHARE);
    try {
      const asked = await this.#askAll(mailboxes, deadline);
      for (const { seeing, isDone } of asked) {
        if (!this.#toBeSeen.has(seeing.mailbox) || !isDone || isGivenUp(seeing)) continue;
        this.answers.set(seeing.mailbox, seeing);
      }
      return new Map(asked.map(({ seeing }) => [seeing.mailbox, seeing]));
    } finally {
      deadline.clear();
    }
  }

  async #askAll(mailboxes: readonly string[], deadline: Deadline): Promise<readonly AskedProbe[]> {
    const probes = mailboxes.map((mailbox) => new Probe({ mailbox, withSubject: this.#withSubject.has(mailbox) }));
    const signal = AbortSignal.any([deadline.signal, this.#asking.signal]);
    await askProbes(probes, { send: (take) => this.#send(take, deadline, signal), signal });
    return probes.map(({ question, answer, durationMs, attempts, isDone }) => ({
      seeing: this.#seeing(question.mailbox, answer, durationMs, attempts),
      isDone,
    }));
  }

  async #send(take: () => readonly Probe[], deadline: Deadline, signal: AbortSignal): Promise<ProbeWaits> {
    const send = (outside: Outside) => {
      const batch = take();
      const [first] = batch;
      return first?.largestBatch === 0
        ? this.#askAlone(first, deadline, outside)
        : this.#askBatch(batch, deadline, outside);
    };
    // Null if the time was over before the batch could begin. Then askProbes has given up too.
    return (await this.#services.limiter.run(send, signal)) ?? new Map();
  }

  async #askBatch(batch: readonly Probe[], deadline: Deadline, outside: Outside): Promise<ProbeWaits> {
    const startedAt = performance.now();
    const answers = await askBatch(
      this.#services,
      batch.map(({ question }) => question),
      { deadlineMs: this.#begin(deadline), session: this.session, onWait: (wait) => this.#holdBack(wait), outside },
    );
    this.#noteRoles();
    const tookMs = performance.now() - startedAt;
    const remainingMs = this.#begin(deadline);
    const unreadSize = this.#parts.noteBatch(batch.length, answers[0]?.unread === 'batch');
    // One jitter for all of them, so that they share their next batch.
    const jitter = this.#services.random();
    const settle = (probe: Probe, index: number): [Probe, number | null] => {
      // askBatch answers every question.
      const waitMs = probe.settle(answers[index] as Answer, tookMs, () => jitter, unreadSize);
      if (waitMs === null) return [probe, null];
      // A wait that would end after the deadline does not begin.
      const begun = waitMs < remainingMs;
      this.waits.note({ ms: waitMs, status: probe.answer?.status ?? null, begun });
      return [probe, begun ? waitMs : null];
    };
    return new Map(batch.map(settle));
  }

  /** Asks about one mailbox without a batch, because no batch that held it could be read. */
  async #askAlone(probe: Probe, deadline: Deadline, outside: Outside): Promise<ProbeWaits> {
    if (this.#parts.mayAskAlone) {
      const { mailbox, withSubject } = probe.question;
      // A mailbox that is throttled must not keep its place for the whole time.
      const deadlineMs = Math.min(this.#begin(deadline), this.#deadlineMs * CANDIDATE_SHARE);
      const read = await this.#read(mailbox, withSubject, deadlineMs, outside);
      this.#parts.noteAlone(read.reason !== null && FAILED.has(read.reason));
      probe.settle(read, read.durationMs, this.#services.random);
    }
    return new Map([[probe, null]]);
  }

  /**
   * A throttled batch holds back the others. After a server error it does so only if this batch waits itself, and after an
   * answer that cannot be read it does not: one broken mailbox is enough for that.
   */
  #holdBack(wait: Wait): void {
    this.waits.note(wait);
    const { status, begun } = wait;
    if (status === 429 || (status !== null && status !== 200 && begun)) this.#services.limiter.holdBack(wait.ms);
  }

  async #readControl(mailbox: string, deadline: Deadline, withSubject: boolean, mostMs: number): Promise<Seeing> {
    const work = (outside: Outside) => this.#readAlone(mailbox, deadline, withSubject, mostMs, outside);
    const read = await this.#services.limiter.runControl(mailbox, work, deadline.signal);
    return read ?? this.#seeing(mailbox, null, 0, 0);
  }

  #noteRead({ message: _, ...read }: Seeing): void {
    this.reads.push(read);
  }

  async #readAlone(
    mailbox: string,
    deadline: Deadline,
    withSubject: boolean,
    mostMs: number,
    outside: Outside,
  ): Promise<Seeing> {
    const deadlineMs = Math.min(this.#begin(deadline), mostMs);
    const read = await this.#read(mailbox, withSubject, deadlineMs, outside);
    return this.#seeing(mailbox, read, read.durationMs, read.attempts);
  }

  async #read(mailbox: string, withSubject: boolean, deadlineMs: number, outside: Outside) {
    const options = { deadlineMs, session: this.session, onWait: (wait: Wait) => this.waits.note(wait), outside };
    const read = await latestMessage(this.#services.graph, mailbox, withSubject, options);
    this.#noteRoles();
    return { ...read, batchRequestId: null, retryAfterMs: null, final: true, unread: null };
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

  #seeing(
    mailbox: string,
    answer: Answer | null,
    durationMs: number,
    attempts: number,
    whyNone: Reason = 'timeout',
  ): Seeing {
    const { outcome, reason, code, messageClass } = answer ?? inconclusive(whyNone);
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

function faultOf({ outcome, reason, status, code }: Seeing): ControlFault | null {
  return outcome === 'readable' ? null : { reason, status, code };
}

/** Whether the time ran out before an answer that counts. */
function isGivenUp({ reason }: Seeing): boolean {
  return reason === 'throttled' || reason === 'timeout';
}
