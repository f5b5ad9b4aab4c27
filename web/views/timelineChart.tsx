// Outcome and duration of a mailbox over time. The table beside it says the same in words.
import type { CellKind } from '../state/cells.ts';
import type { Timeline } from '../state/timeline.ts';
import { duration } from '../state/times.ts';
import { ClockTime } from './timeText.tsx';

/** A dot as declared, a triangle otherwise, a ring for no proof; around 0, 0. */
const DRAWN: Readonly<Record<CellKind, string>> = {
  good: 'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z',
  bad: 'M0-6l5.5 10h-11z',
  unknown: 'M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z',
  hole: '',
};
const WORDS = { good: 'as declared', bad: 'not as declared', unknown: 'without proof' } as const;
const KINDS = ['good', 'unknown', 'bad'] as const;

export function TimelineChart({ timeline }: { readonly timeline: Timeline }) {
  const { dots, from, to, slowestMs } = timeline;
  const of = (kind: CellKind) => dots.filter((dot) => dot.kind === kind);
  const counted = KINDS.map((kind) => `${of(kind).length} ${WORDS[kind]}`).join(', ');
  return (
    <figure class="timeline">
      <svg role="img" aria-label={`${dots.length} observations: ${counted}. The slowest took ${duration(slowestMs)}.`}>
        {dots.map(({ kind, x, y }, index) => (
          // Places are shares of the width, so that the marks keep their shape.
          <svg key={index} aria-hidden="true" class="dot" x={percent(x)} y={`${8 + (1 - y) * 84}%`}>
            <path class={`dot-${kind}`} d={DRAWN[kind]} />
          </svg>
        ))}
      </svg>
      <figcaption>
        <span>
          <ClockTime at={from} />
        </span>
        <span>height is duration, up to {duration(slowestMs)}</span>
        <span>
          <ClockTime at={to} />
        </span>
      </figcaption>
    </figure>
  );
}

/** With room for half a mark at either end, as upwards. */
function percent(share: number): string {
  return `${(1.5 + share * 97).toFixed(2)}%`;
}
