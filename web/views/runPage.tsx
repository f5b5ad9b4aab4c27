// One run, with all that it says.
import type { Run } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { useAnswer } from '../live/useAnswer.ts';
import { duration } from '../state/times.ts';
import { Fact } from './fact.tsx';
import { FailureText, Loading } from './notices.tsx';
import { countsText, driftText, RunStatus, throttledText } from './runsPage.tsx';
import { ClockTime } from './timeText.tsx';

export function RunPage({ id }: { readonly id: string }) {
  const { scope } = usePage();
  const { data: run, failure } = useAnswer<Run>(`runs/${encodeURIComponent(id)}`, { scope });
  return (
    <section aria-labelledby="view-title">
      <h2 id="view-title" tabIndex={-1}>
        Run {run?.number ?? id}
      </h2>
      {failure && <FailureText failure={failure} />}
      {!run && !failure && <Loading />}
      {run && (
        <dl class={`facts${failure ? ' old' : ''}`}>
          <Fact name="Status">
            <RunStatus run={run} />
          </Fact>
          <Fact name="Id">
            <code>{run.id}</code>
          </Fact>
          <Fact name="Started">
            <ClockTime at={run.startedAt} /> by {run.trigger}
          </Fact>
          <Fact name="Duration">
            {run.finishedAt === null ? 'not over' : duration(Date.parse(run.finishedAt) - Date.parse(run.startedAt))}
          </Fact>
          <Fact name="Mailboxes">
            {run.mailboxes.toLocaleString('en-US')}
            {run.notSeen > 0 && `, ${run.notSeen.toLocaleString('en-US')} not seen`}
          </Fact>
          <Fact name="Verdicts">{countsText(run.verdicts)}</Fact>
          <Fact name="Denied">{outcomesText(run.byExpectation.denied)}</Fact>
          <Fact name="Allowed">{outcomesText(run.byExpectation.allowed)}</Fact>
          <Fact name="Drift">{driftText(run)}</Fact>
          <Fact name="Control">{run.controlHeld ? 'held' : 'did not hold: refusals prove nothing'}</Fact>
          <Fact name="Throttled">{run.throttled === 0 ? 'no' : throttledText(run)}</Fact>
          <Fact name="Ticks">
            {run.missedTicks ?? 0} missed, {run.skippedTicks} skipped
          </Fact>
          <Fact name="Roles" isWide>
            {run.roles.join(', ') || 'none'}
          </Fact>
          {run.probableCause && (
            <Fact name="Probable cause" isWide>
              {run.probableCause}
            </Fact>
          )}
          {run.problem && (
            <Fact name="Problem" isWide>
              {run.problem}
            </Fact>
          )}
        </dl>
      )}
    </section>
  );
}

function outcomesText(outcomes: Run['outcomes']): string {
  const parts = Object.entries(outcomes).filter(([, count]) => count > 0);
  return parts.map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`).join(', ') || 'none';
}
