// The answer before anything is clicked: what is wrong, when all was last proven, and when the next run comes.
import { useEffect } from 'preact/hooks';
import type { Run, Scope } from '../apiTypes.ts';
import { useNow } from '../live/useNow.ts';
import { expectedNext, intervalOf, isAnswerOld, isRunMissing } from '../state/age.ts';
import { type Contact, type Headline, headlineOf, headlineOfAll, lastProof } from '../state/headline.ts';
import { iconOf, type Mark } from '../state/shapes.ts';
import { ago, startOfRun } from '../state/times.ts';
import type { Core } from './core.ts';
import { MarkShape } from './marks.tsx';
import { Ago, ClockTime } from './timeText.tsx';

interface HeadlineProps {
  readonly core: Core;
  /** Null shows all scopes as one. */
  readonly scope: Scope | null;
  readonly isOverview: boolean;
  readonly isPaused: boolean;
  readonly isHidden: boolean;
}

export function HeadlinePanel({ core, scope, isOverview, isPaused, isHidden }: HeadlineProps) {
  const now = useNow();
  const contact = contactOf(core, scope, isPaused, isHidden, now);
  const headline =
    isOverview && core.scopes.data ? headlineOfAll(core.scopes.data.value, contact) : headlineOf(scope, contact);
  const mark = headline.level === 'notice' ? 'proven' : headline.level;
  useTitle(headline, mark);

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
        <p class="proof">
          {!isOverview && <Proof runs={core.runs.data?.value ?? []} />}
          <NextRun core={core} now={now} />
        </p>
      </div>
      {/* Read aloud when the kind of answer changes, and not with each second that an age grows. */}
      <p class="unseen" role="status">
        {headline.level === 'loading' ? '' : headline.short}
      </p>
    </section>
  );
}

function contactOf(core: Core, scope: Scope | null, isPaused: boolean, isHidden: boolean, now: number): Contact {
  const { health, scopes, runs } = core;
  const answeredAt = scopes.answeredAt();
  const failure = scopes.failure ?? health.failure ?? runs.failure;
  const next = health.data?.nextRunExpectedBy ?? null;
  const last = startOfRun(scope?.lastCompletedRun ?? '');
  const interval = intervalOf(runs.data?.value ?? [], next);
  const isMissing = last !== null && isRunMissing(last, next, interval, now);
  return {
    failure: failure && { text: failure.message, isHeard: failure.kind === 'problem' },
    ageMs: answeredAt === null ? null : now - answeredAt,
    isOld: answeredAt !== null && isAnswerOld(answeredAt, now, isHidden),
    isPaused,
    runMissingMs: isMissing ? now - Date.parse(last) : null,
  };
}

function Proof({ runs }: { readonly runs: readonly Run[] }) {
  const proof = lastProof(runs);
  if (proof === null)
    return (
      runs.length > 0 && (
        <span>
          Last proven <b>never</b>
        </span>
      )
    );
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

function NextRun({ core: { health, runs }, now }: NextProps) {
  const next = health.data?.nextRunExpectedBy ?? expectedNext(runs.data?.value ?? [], now);
  const paused = health.data?.alertsPausedUntil;
  return (
    <>
      {next !== null && (
        <span>
          Next run <b>{Date.parse(next) > now ? <Ago at={next} /> : `was expected ${ago(next, now)}`}</b>
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

/** The window's title and icon say it too, for those who keep the page in the background. */
function useTitle({ short, level }: Headline, mark: Mark): void {
  const title = level === 'loading' ? 'Mailscope' : `${short} – Mailscope`;
  useEffect(() => {
    document.title = title;
    document.getElementById('icon')?.setAttribute('href', iconOf(mark));
  }, [title, mark]);
}
