// Outcome and duration of a mailbox over time. The table beside it says the same in words.
import type { CellKind } from '../state/cells.ts';
import type { Timeline } from '../state/timeline.ts';
import { duration } from '../state/times.ts';
import { ClockTime } from './timeText.tsx';

const WIDTH = 640;
const HEIGHT = 120;
const EDGE = 8;

/** A dot as declared, a triangle otherwise, a ring for no proof. */
const DRAWN: Readonly<Record<Exclude<CellKind, 'hole'>, (x: number, y: number) => string>> = {
  good: (x, y) => `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0-6 0z`,
  bad: (x, y) => `M${x} ${y - 6}l5.5 10h-11z`,
  unknown: (x, y) => `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0-6 0z`,
};
const WORDS = { good: 'as declared', bad: 'not as declared', unknown: 'without proof' } as const;
const KINDS = ['good', 'unknown', 'bad'] as const;

export function TimelineChart({ timeline }: { readonly timeline: Timeline }) {
  const { dots, from, to, slowestMs } = timeline;
  const of = (kind: CellKind) => dots.filter((dot) => dot.kind === kind);
  const counted = KINDS.map((kind) => `${of(kind).length} ${WORDS[kind]}`).join(', ');
  return (
    <figure class="timeline">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${dots.length} observations: ${counted}. The slowest took ${duration(slowestMs)}.`}
      >
        <path class="axis" d={`M0 ${HEIGHT - 0.5}h${WIDTH}M0 .5h${WIDTH}`} />
        {KINDS.map((kind) => (
          <path
            key={kind}
            class={`dot-${kind}`}
            d={of(kind)
              .map(({ x, y }) => DRAWN[kind](place(x, WIDTH), HEIGHT - place(y, HEIGHT)))
              .join('')}
          />
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

function place(share: number, length: number): number {
  return Math.round((EDGE + share * (length - 2 * EDGE)) * 10) / 10;
}
