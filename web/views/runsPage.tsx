// Runs: how long they took, what they counted, and whether they came.
import type { Page, Run } from '../apiTypes.ts';
import { useHref, usePage } from '../live/pageContext.ts';
import { useAnswer } from '../live/useAnswer.ts';
import { useKeptFocus } from '../live/useKeptFocus.ts';
import { VERDICTS } from '../state/address.ts';
import { afterOf } from '../state/apiClient.ts';
import type { Mark } from '../state/shapes.ts';
import { duration } from '../state/times.ts';
import { MarkShape } from './marks.tsx';
import { FailureText, Loading } from './notices.tsx';
import { ClockTime } from './timeText.tsx';

const PAGE_SIZE = 50;
const BAR_WIDTH = 60;

export function RunsPage({ after }: { readonly after: string | undefined }) {
  const { scope } = usePage();
  const list = useAnswer<Page<Run>>('runs', { top: PAGE_SIZE, after, scope });
  useKeptFocus();
  const href = useHref();
  const next = list.data && afterOf(list.data);
  const longest = Math.max(1, ...(list.data?.value ?? []).map(tookMs));
  return (
    <section aria-labelledby="view-title">
      <h2 id="view-title" tabIndex={-1}>
        Runs
      </h2>
      {list.failure && <FailureText failure={list.failure} />}
      {!list.data && !list.failure && <Loading />}
      {list.data?.value.length === 0 && <p class="empty">There has been no run yet.</p>}
      {list.data && list.data.value.length > 0 && (
        <div class={`table-box${list.failure || list.isOther ? ' old' : ''}`}>
          <table class="runs">
            <caption class="unseen">Runs, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Status</th>
                <th scope="col">Duration</th>
                <th scope="col">Verdicts</th>
                <th scope="col">Drift</th>
                <th scope="col">Throttled</th>
                <th scope="col">Missed</th>
              </tr>
            </thead>
            <tbody>
              {list.data.value.map((run) => (
                <RunRow key={run.id} run={run} longest={longest} href={href({ page: 'run', id: run.id })} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div class="more">
        {after !== undefined && <a href={href({ page: 'runs' })}>Newest</a>}
        {next !== undefined && <a href={href({ page: 'runs', after: next })}>Older runs</a>}
      </div>
    </section>
  );
}

interface RowProps {
  readonly run: Run;
  readonly longest: number;
  readonly href: string;
}

function RunRow({ run, longest, href }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <a id={`run-${run.id}`} href={href}>
          {run.number}
        </a>{' '}
        <ClockTime at={run.startedAt} /> <span class="quiet">{run.trigger}</span>
      </th>
      <td>
        <RunStatus run={run} />
      </td>
      <td class="number" data-name="Duration">
        {run.finishedAt === null ? <span class="quiet">–</span> : duration(tookMs(run))}
        <svg class="took" width={BAR_WIDTH} height="6" viewBox={`0 0 ${BAR_WIDTH} 6`} aria-hidden="true">
          <path d={`M0 0h${Math.round((tookMs(run) / longest) * BAR_WIDTH * 10) / 10}v6H0z`} />
        </svg>
      </td>
      <td data-name="Verdicts">{countsText(run.verdicts)}</td>
      <td data-name="Drift">{driftText(run)}</td>
      <td class="number" data-name="Throttled">
        {run.throttled === 0 ? <span class="quiet">no</span> : throttledText(run)}
      </td>
      <td class="number" data-name="Missed">
        {run.missedTicks ? (
          `${run.missedTicks} ${run.missedTicks === 1 ? 'tick' : 'ticks'}`
        ) : (
          <span class="quiet">no</span>
        )}
      </td>
    </tr>
  );
}

export function RunStatus({ run }: { readonly run: Run }) {
  const [mark, word] = statusOf(run);
  return (
    <span class={`verdict level-${mark}`}>
      <MarkShape mark={mark} />
      {word}
    </span>
  );
}

function statusOf({ status, controlHeld }: Run): readonly [Mark, string] {
  if (status === 'running') return ['pending', 'running'];
  if (status === 'incomplete') return ['unproven', 'incomplete'];
  return controlHeld ? ['proven', 'completed'] : ['blind', 'blind'];
}

function tookMs({ startedAt, finishedAt }: Run): number {
  return finishedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(startedAt);
}

export function countsText(verdicts: Run['verdicts']): string {
  const parts = VERDICTS.flatMap((one) =>
    verdicts[one] > 0 ? [`${verdicts[one].toLocaleString('en-US')} ${one}`] : [],
  );
  return parts.join(', ') || 'none';
}

export function driftText({ opened, closed }: Run): string {
  return (
    [...(opened > 0 ? [`${opened} opened`] : []), ...(closed > 0 ? [`${closed} closed`] : [])].join(', ') || 'none'
  );
}

export function throttledText({ throttled, waitedMs }: Run): string {
  return `${throttled.toLocaleString('en-US')} answers, ${duration(waitedMs)} waited`;
}
