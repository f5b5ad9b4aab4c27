// The bar of a mailbox's last runs: one tab stop, arrow keys inside, and what is known of the run under the cursor.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Mailbox, Observation, Page } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { useAnswerOf } from '../live/useAnswer.ts';
import {
  barWords,
  type Cell,
  type CellKind,
  cellsOf,
  cellWords,
  movedBy,
  observationOf,
  observationsIn,
} from '../state/cells.ts';
import { fullTime, type Zone } from '../state/times.ts';
import { copyText } from './copyId.tsx';

/** The most letters that `recent` has. */
const MOST_CELLS = 48;
const STEP = 4;
const HEIGHT = 22;

type BarProps = Pick<Mailbox, 'mailbox' | 'expectation' | 'recent' | 'lastCheckedAt'>;

/** How each kind is drawn: kinds differ in height and filling, not only in colour. */
const DRAWN: Readonly<Record<CellKind, (x: number) => string>> = {
  good: (x) => `M${x} 7h3v15h-3z`,
  bad: (x) => `M${x - 0.25} 0h3.5v22h-3.5z`,
  unknown: (x) => `M${x + 0.5} 14.5h2v7h-2z`,
  hole: (x) => `M${x + 0.75} 20.5h1.5v1.5h-1.5z`,
};
const KINDS = ['good', 'bad', 'unknown', 'hole'] as const;

export function RecentBar(props: BarProps) {
  const { mailbox, expectation, recent, lastCheckedAt } = props;
  const { zone } = usePage();
  const [cursor, setCursor] = useState<number | null>(null);
  // Asked for when somebody first looks, because most bars are never looked at.
  const [isWanted, setWanted] = useState(false);
  const [known, setKnown] = useState<Known>(UNKNOWN);
  const [said, setSaid] = useState('');
  const { cells, drawing, inWords } = useMemo(() => {
    const made = cellsOf(recent, expectation);
    return { cells: made, drawing: draw(made), inWords: barWords({ recent, expectation }) };
  }, [recent, expectation]);

  // The cursor stays at its run.
  const before = useRef(props);
  const moved = movedBy(before.current, props);
  before.current = props;
  if (cursor !== null && moved > 0) setCursor(Math.max(0, cursor - moved));

  if (cells.length === 0) return <span class="quiet">no run yet</span>;
  const last = cells.length - 1;
  const at = Math.min(cursor ?? last, last);
  const seen = observationOf(cells[at], known.history, lastCheckedAt);
  const words = describe(cells[at], expectation, seen, zone, known.missing);

  const show = (next: number) => {
    setWanted(true);
    setSaid('');
    setCursor(Math.max(0, Math.min(last, next)));
  };
  const copy = () => {
    const id = seen && (seen.requestId ?? seen.batchRequestId);
    if (id) void copyText(id).then((done) => setSaid(done ? 'Copied.' : 'Select and copy it.'));
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => show(at - 1),
    ArrowRight: () => show(at + 1),
    ArrowDown: () => show(at - 1),
    ArrowUp: () => show(at + 1),
    PageDown: () => show(at - 10),
    PageUp: () => show(at + 10),
    Home: () => show(0),
    End: () => show(last),
    Enter: copy,
    Escape: () => setCursor(null),
  };

  return (
    <div class="bar" onPointerLeave={() => document.activeElement?.id !== idOf(mailbox) && setCursor(null)}>
      {isWanted && <HistoryOf {...props} onKnown={setKnown} />}
      <div
        id={idOf(mailbox)}
        class="bar-cells"
        role="slider"
        tabIndex={0}
        aria-label={`Last runs of ${mailbox}. ${inWords}`}
        aria-valuemin={1}
        aria-valuemax={cells.length}
        aria-valuenow={at + 1}
        aria-valuetext={words.join(', ')}
        aria-orientation="horizontal"
        onFocus={() => show(at)}
        onBlur={() => setCursor(null)}
        onPointerDown={(event) => show(cellUnder(event, cells.length))}
        onPointerMove={(event) => show(cellUnder(event, cells.length))}
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          act();
        }}
      >
        <svg
          width={MOST_CELLS * STEP}
          height={HEIGHT}
          viewBox={`0 0 ${MOST_CELLS * STEP} ${HEIGHT}`}
          aria-hidden="true"
        >
          {drawing}
          {cursor !== null && <path class="bar-cursor" d={`M${xOf(at, cells.length) - 1.5} -1v24h6v-24z`} />}
        </svg>
      </div>
      {cursor !== null && (
        <div class="bar-words">
          {words.map((line) => (
            <span key={line}>{line}</span>
          ))}
          {seen && (
            <span class="hint">
              <code>{seen.requestId ?? seen.batchRequestId ?? 'no request id'}</code>
              <b role="status">{said || 'Enter copies it.'}</b>
            </span>
          )}
        </div>
      )}
    </div>
  );
}

/** What is known of the observations of a bar. */
interface Known {
  /** Newest first. */
  readonly history: readonly Observation[];
  /** Why one is missing. */
  readonly missing: string;
}

const UNKNOWN: Known = { history: [], missing: 'asking for its time' };

interface HistoryProps extends BarProps {
  onKnown(known: Known): void;
}

/** Shows nothing: it asks for the observations of a bar, again after each run. */
function HistoryOf({ mailbox, recent, lastCheckedAt, onKnown }: HistoryProps) {
  const { scope } = usePage();
  const { data, failure } = useAnswerOf<Page<Observation>>(
    `mailboxes/${encodeURIComponent(mailbox)}/history`,
    { top: observationsIn(recent), scope },
    lastCheckedAt ?? '',
  );
  const history = data?.value ?? UNKNOWN.history;
  const isNew = history.some(({ checkedAt }) => checkedAt === lastCheckedAt);
  const missing = failure ? failure.message : isNew ? 'its observation is no longer kept' : UNKNOWN.missing;
  useEffect(() => onKnown({ history, missing }), [history, missing, onKnown]);
  return null;
}

export function idOf(mailbox: string): string {
  return `bar-${mailbox}`;
}

/** One path for each kind. It is made in one pass, because a page has thousands of cells. */
function draw(cells: readonly Cell[]) {
  const paths: Record<CellKind, string> = { good: '', bad: '', unknown: '', hole: '' };
  for (const [index, { kind }] of cells.entries()) paths[kind] += DRAWN[kind](xOf(index, cells.length));
  return KINDS.map((kind) => paths[kind] !== '' && <path key={kind} class={`cell-${kind}`} d={paths[kind]} />);
}

/** The newest is at the right end, however many there are. */
function xOf(index: number, count: number): number {
  return (MOST_CELLS - count + index) * STEP + 0.5;
}

function cellUnder(event: PointerEvent, count: number): number {
  const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
  return Math.floor(((event.clientX - left) / width) * MOST_CELLS) - (MOST_CELLS - count);
}

/** The lines about one run. */
function describe(
  cell: Cell | undefined,
  expectation: Mailbox['expectation'],
  seen: Observation | undefined,
  zone: Zone,
  missing: string,
): readonly string[] {
  if (!cell) return [];
  const words = cellWords(cell.kind, expectation);
  if (cell.kind === 'hole') return [words];
  if (!seen) return [words, missing];
  const answer = [seen.reason, seen.status, seen.code].filter((part) => part !== null).join(' ');
  const how = [answer, `${seen.durationMs} ms`].filter((part) => part !== '').join(', ');
  const control = seen.outcome === 'refused' && !seen.controlHeld ? 'the control did not hold' : '';
  return [fullTime(seen.checkedAt, zone), words, control, how].filter((line) => line !== '');
}
