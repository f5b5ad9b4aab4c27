// The answer before anything is clicked: what is wrong, when all was last proven, and when the next run comes.
import { useNow } from '../live/useNow.ts';
import { useWindowSays } from '../live/useWindowSays.ts';
import { expectedNext, intervalOf, isAnswerOld, isRunMissing } from '../state/age.ts';
import { type Contact, headlineOf, headlineOfAll, isStopped, lastProof } from '../state/headline.ts';
import { ago, startOfRun } from '../state/times.ts';
import { type Core, RUNS_LOOKED_AT } from './core.ts';
import { MarkShape } from './marks.tsx';
import { Ago, ClockTime } from './timeText.tsx';

interface HeadlineProps {
  readonly core: Core;
  readonly isPaused: boolean;
}

export function HeadlinePanel({ core, isPaused }: HeadlineProps) {
  const now = useNow();
  const contact = contactOf(core, isPaused, now);
  const headline = core.isOverview ? headlineOfAll(core.all, contact) : headlineOf(core.scope ?? null, contact);
  const mark = headline.level;
  useWindowSays(mark === 'loading' ? null : headline.short, mark);

  return (
    <section class={`headline level-${mark}`} aria-labelledby="headline">
      <MarkShape mark={mark} size={40} />
      <div>
        <h1 id="headline" tabIndex={-1}>
          {headline.text}
        </h1>
        {headline.also.length > 0 && (
          <ul class="also">
            {headline.also.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        {(!core.isOverview || core.health) && (
          <p class="proof">
            <Proof core={core} />
            <NextRun core={core} now={now} />
          </p>
        )}
      </div>
      {/* Read aloud when the kind of answer changes, and not with each second that an age grows. */}
      <p class="unseen" role="status">
        {headline.level === 'loading' ? '' : headline.short}
      </p>
    </section>
  );
}

function contactOf({ scopes, scope, runs, health, failure }: Core, isPaused: boolean, now: number): Contact {
  const answeredAt = scopes.answeredAt();
  const next = health?.nextRunExpectedBy ?? null;
  const last = startOfRun(scope?.lastCompletedRun ?? '');
  const isMissing = last !== null && isRunMissing(last, next, intervalOf(runs, next), now);
  const isOld = answeredAt !== null && isAnswerOld(answeredAt, now);
  return {
    failure: failure && { text: failure.message, isHeard: failure.kind === 'problem' },
    ageMs: answeredAt !== null && (isOld || scopes.failure !== null) ? now - answeredAt : null,
    isOld,
    isPaused,
    runMissingMs: isMissing ? now - Date.parse(last) : null,
  };
}

function Proof({ core: { scope, runs } }: Pick<HeadlineProps, 'core'>) {
  // Where no mailbox is denied, there is nothing to prove.
  if (runs.length === 0 || !scope || scope.mailboxes?.denied === 0) return null;
  const proof = lastProof(runs);
  if (proof === null) {
    const never = runs.length < RUNS_LOOKED_AT ? 'never' : `not in the last ${RUNS_LOOKED_AT} runs`;
    return (
      <span>
        Last proven <b>{never}</b>
      </span>
    );
  }
  return (
    <span>
      {proof.kind === 'proven' ? 'Last proven' : 'Not all proven since'}{' '}
      <b>
        <Ago at={proof.at} />
      </b>{' '}
      (<ClockTime at={proof.at} />)
    </span>
  );
}

interface NextProps {
  readonly core: Core;
  readonly now: number;
}

function NextRun({ core: { scope, runs, health }, now }: NextProps) {
  const told = health?.nextRunExpectedBy ?? null;
  // A scope that cannot be watched starts no run, whatever earlier ones let expect.
  const next = told ?? (scope && !isStopped(scope) ? expectedNext(runs, now) : null);
  const paused = health?.alertsPausedUntil;
  return (
    <>
      {next !== null && (
        <span>
          Next run{' '}
          <b>
            {told === null && 'probably '}
            {Date.parse(next) > now ? <Ago at={next} /> : `was expected ${ago(next, now)}`}
          </b>
        </span>
      )}
      {paused !== undefined && Date.parse(paused) > now && (
        <span>
          Alerts are paused until <ClockTime at={paused} />
        </span>
      )}
    </>
  );
}
