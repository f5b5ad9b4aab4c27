// Drift: what is open, with its probable cause and the evidence; and what was.
import type { Drift, Observation, Page } from '../apiTypes.ts';
import { useHref, usePage } from '../live/pageContext.ts';
import { useAnswer } from '../live/useAnswer.ts';
import { useKeptFocus } from '../live/useKeptFocus.ts';
import type { DriftFilter } from '../state/address.ts';
import { afterOf } from '../state/apiClient.ts';
import { CopyId } from './copyId.tsx';
import { VerdictMark } from './marks.tsx';
import { FailureText, Loading } from './notices.tsx';
import { Ago, ClockTime } from './timeText.tsx';

interface DriftProps {
  readonly filter: DriftFilter;
  readonly after?: string | undefined;
  readonly top: number;
  /** Asks again at once when it changes; null does not ask yet. */
  readonly version: string | null;
  readonly empty: string;
}

export function DriftList({ filter, after, top, version, empty }: DriftProps) {
  const { scope } = usePage();
  const href = useHref();
  const list = useAnswer<Page<Drift>>(
    version === null ? null : 'drift',
    { ...filter, top, after, scope },
    version ?? '',
  );
  useKeptFocus();
  const next = list.data && afterOf(list.data);
  if (list.data === undefined) return list.failure ? <FailureText failure={list.failure} /> : <Loading />;
  return (
    <>
      {list.failure && <FailureText failure={list.failure} />}
      {list.data.value.length === 0 && !list.isOther && <p class="empty">{empty}</p>}
      <ul class={`drifts${list.failure || list.isOther ? ' old' : ''}`}>
        {list.data.value.map((drift) => (
          <DriftItem key={drift.id} drift={drift} />
        ))}
      </ul>
      {(next !== undefined || after !== undefined) && (
        <div class="more">
          {after !== undefined && <a href={href({ page: 'drift', filter })}>First page</a>}
          {next !== undefined && <a href={href({ page: 'drift', filter, after: next })}>More drift</a>}
        </div>
      )}
    </>
  );
}

export function DriftItem({ drift }: { readonly drift: Drift }) {
  const href = useHref();
  const { kind, mailbox, openedAt, closedAt, closedBecause, recovered, probableCause, evidence } = drift;
  return (
    <li class={`drift level-${closedAt === null ? kind : 'closed'}`}>
      <p class="drift-head">
        <VerdictMark verdict={kind} />
        <a id={`drift-link-${drift.id}`} href={href({ page: 'mailbox', mailbox, range: {} })}>
          {mailbox}
        </a>
        <span class="quiet">
          since <ClockTime at={openedAt} />
          {closedAt === null ? (
            <>
              {' '}
              (<Ago at={openedAt} />)
            </>
          ) : (
            <>
              , closed <ClockTime at={closedAt} />: {closedBecause}
              {recovered === false && ', not a recovery'}
            </>
          )}
        </span>
      </p>
      {probableCause && closedAt === null && (
        <p class="cause">
          <b>Probable cause:</b> {probableCause}
        </p>
      )}
      <Evidence name="Opened by" seen={evidence.opened} id={`copy-${drift.id}`} mailbox={mailbox} />
      {evidence.closed && (
        <Evidence name="Closed by" seen={evidence.closed} id={`copy-closed-${drift.id}`} mailbox={mailbox} />
      )}
    </li>
  );
}

interface EvidenceProps {
  readonly name: string;
  readonly seen: Observation;
  readonly id: string;
  readonly mailbox: string;
}

function Evidence({ name, seen, id, mailbox }: EvidenceProps) {
  const answer = [seen.status, seen.code].filter((part) => part !== null).join(' ');
  return (
    <p class="evidence">
      <span>
        {name}: {seen.outcome}
        {seen.reason && ` (${seen.reason})`}
        {answer && `, ${answer}`}, <ClockTime at={seen.checkedAt} />
      </span>
      <span>
        request id{' '}
        <CopyId text={seen.requestId ?? seen.batchRequestId} name={`the request id about ${mailbox}`} id={id} />
      </span>
    </p>
  );
}
