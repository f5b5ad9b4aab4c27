// One mailbox: its state, its open drift, and its observations over time.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Mailbox, Observation, Page } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { presentTime } from '../live/presentTime.ts';
import { type Answer, useAnswer } from '../live/useAnswer.ts';
import { goTo } from '../live/useFragment.ts';
import { type Address, type TimeRange, writeAddress } from '../state/address.ts';
import { afterOf } from '../state/apiClient.ts';
import type { Mark } from '../state/shapes.ts';
import { timelineOf } from '../state/timeline.ts';
import { duration, fullTime, readTyped, type Zone } from '../state/times.ts';
import { CopyId } from './copyId.tsx';
import { DriftItem } from './driftList.tsx';
import { Fact } from './fact.tsx';
import { Expected, MarkShape, VerdictMark } from './marks.tsx';
import { FailureText, Loading } from './notices.tsx';
import { RecentBar } from './recentBar.tsx';
import { TimelineChart } from './timelineChart.tsx';
import { Ago, ClockTime } from './timeText.tsx';

const PAGE_SIZE = 100;
const HOUR_MS = 3_600_000;
const PATIENCE_MS = 60_000;

interface MailboxProps {
  readonly mailbox: string;
  readonly range: TimeRange;
  readonly after: string | undefined;
}

export function MailboxPage({ mailbox, range, after }: MailboxProps) {
  const { scope } = usePage();
  const path = `mailboxes/${encodeURIComponent(mailbox)}`;
  const state = useAnswer<Mailbox>(path, { scope });
  const version = state.data?.lastCheckedAt ?? '';
  const history = useAnswer<Page<Observation>>(`${path}/history`, { ...range, top: PAGE_SIZE, after, scope }, version);
  const address = (to: TimeRange, from?: string): Address => ({
    view: { page: 'mailbox', mailbox, range: to, after: from },
    scope,
  });
  const next = history.data && afterOf(history.data);
  return (
    <section aria-labelledby="view-title">
      <h2 id="view-title" tabIndex={-1}>
        {mailbox}
      </h2>
      <State answer={state} />
      <h3>Observations</h3>
      <div class="tools">
        <Range range={range} onRange={(to) => goTo(address(to))} />
        <Csv path={`${path}/history`} query={{ ...range, scope }} name={mailbox} />
      </div>
      <History answer={history} expectation={state.data?.expectation ?? 'denied'} />
      <div class="more">
        {after !== undefined && <a href={writeAddress(address(range))}>Newest</a>}
        {next !== undefined && <a href={writeAddress(address(range, next))}>Older</a>}
      </div>
    </section>
  );
}

function State({ answer: { data, failure } }: { readonly answer: Answer<Mailbox> }) {
  if (data === undefined) return failure ? <FailureText failure={failure} /> : <Loading />;
  return (
    <div class={failure ? 'old' : ''}>
      {failure && <FailureText failure={failure} />}
      <dl class="facts">
        <Fact name="Verdict">
          <VerdictMark verdict={data.verdict} />
          {data.stale && <span class="tag">stale</span>}
        </Fact>
        <Fact name="Declared">
          <Expected expectation={data.expectation} />
        </Fact>
        <Fact name="Since">
          <ClockTime at={data.since} />
        </Fact>
        <Fact name="Last proven">
          <Ago at={data.provenAt} never="never" />
        </Fact>
        <Fact name="Last asked">
          <Ago at={data.lastCheckedAt} never="never" />
          {data.lastOutcome && `: ${data.lastOutcome}`}
          {data.lastReason && ` (${data.lastReason})`}
        </Fact>
        <Fact name="Last runs">
          <RecentBar {...data} />
        </Fact>
      </dl>
      {data.openDrift && (
        <ul class="drifts">
          <DriftItem drift={data.openDrift} />
        </ul>
      )}
    </div>
  );
}

const SPANS = [
  ['Last day', 24],
  ['Last week', 24 * 7],
] as const;

interface RangeProps {
  readonly range: TimeRange;
  onRange(range: TimeRange): void;
}

function Range({ range, onRange }: RangeProps) {
  const { zone } = usePage();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [wrong, setWrong] = useState('');
  // Another address, as after Back, brings its own times.
  useEffect(() => {
    setFrom(shownTime(range.from, zone));
    setTo(shownTime(range.to, zone));
    setWrong('');
  }, [range.from, range.to, zone]);
  const show = () => {
    const [first, last] = [from, to].map((text) => (text.trim() === '' ? undefined : readTyped(text, zone)));
    if (first === null || last === null) return setWrong('Write a time such as 2026-11-26 08:15, or a date.');
    if (first && last && first >= last) return setWrong('From must be earlier than to.');
    setWrong('');
    onRange({ from: first, to: last });
  };
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        show();
      }}
    >
      <label class="field">
        <span>From</span>
        <input
          id="from"
          value={from}
          placeholder="2026-11-26 08:15"
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>To</span>
        <input id="to" value={to} placeholder="now" onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <button type="submit">Show</button>
      {SPANS.map(([name, hours]) => (
        <button
          key={name}
          type="button"
          onClick={() => onRange({ from: new Date(presentTime() - hours * HOUR_MS).toISOString() })}
        >
          {name}
        </button>
      ))}
      <button type="button" onClick={() => onRange({})}>
        All
      </button>
      <p class="failure" role="alert">
        {wrong}
      </p>
    </form>
  );
}

/** A time of the address as a person would type it. What is none stays as it is. */
function shownTime(text: string | undefined, zone: Zone): string {
  if (text === undefined) return '';
  return Number.isNaN(Date.parse(text)) ? text : fullTime(text, zone);
}

interface CsvProps {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly name: string;
}

function Csv({ path, query, name }: CsvProps) {
  const { client } = usePage();
  const [words, setWords] = useState('');
  const save = async () => {
    try {
      const { content, isCut } = await client.csv(path, query);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(content);
      link.download = `${name.replaceAll(/[^\w.@-]/g, '_')}.csv`;
      link.click();
      // Some browsers read it only after the click.
      setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE_MS);
      setWords(
        isCut ? 'Saved, with the newest 10,000 observations only. Choose a shorter time for the others.' : 'Saved.',
      );
    } catch (error) {
      setWords(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <p class="csv">
      <button id="csv" type="button" onClick={() => void save()}>
        Save as CSV
      </button>
      <span role="status">{words}</span>
    </p>
  );
}

interface HistoryProps {
  readonly answer: Answer<Page<Observation>>;
  readonly expectation: Mailbox['expectation'];
}

function History({ answer: { data, failure, isOther }, expectation }: HistoryProps) {
  const timeline = useMemo(() => timelineOf(data?.value ?? [], expectation), [data, expectation]);
  if (data === undefined) return failure ? <FailureText failure={failure} /> : <Loading />;
  if (data.value.length === 0) return <p class="empty">There is no observation in this time.</p>;
  return (
    <div class={failure || isOther ? 'old' : ''}>
      {failure && <FailureText failure={failure} />}
      <TimelineChart timeline={timeline} />
      <div class="table-box">
        <table class="history">
          <caption class="unseen">Observations, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Outcome</th>
              <th scope="col">Answer</th>
              <th scope="col">Duration</th>
              <th scope="col">Request id</th>
            </tr>
          </thead>
          <tbody>
            {data.value.map((seen, index) => (
              <HistoryRow key={seen.checkedAt} seen={seen} mark={MARKS[timeline.dots[index]?.kind ?? 'unknown']} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

const MARKS = { good: 'proven', bad: 'breach', unknown: 'unproven', hole: 'unproven' } as const;

interface HistoryRowProps {
  readonly seen: Observation;
  readonly mark: Mark;
}

function HistoryRow({ seen, mark }: HistoryRowProps) {
  const answer = [seen.status, seen.code].filter((part) => part !== null).join(' ');
  const isBlind = seen.outcome === 'refused' && !seen.controlHeld;
  return (
    <tr>
      <th scope="row">
        <ClockTime at={seen.checkedAt} />
      </th>
      <td>
        <span class={`verdict level-${mark}`}>
          <MarkShape mark={mark} />
          {seen.outcome}
        </span>
        {isBlind && <span class="tag">no control</span>}
      </td>
      <td>
        {[seen.reason, answer].filter(Boolean).join(', ') || <span class="quiet">none</span>}
        {seen.attempts > 1 && <span class="quiet"> · {seen.attempts} tries</span>}
      </td>
      <td class="number">{duration(seen.durationMs)}</td>
      <td>
        <CopyId text={seen.requestId ?? seen.batchRequestId} name="this request id" id={`copy-${seen.checkedAt}`} />
      </td>
    </tr>
  );
}
