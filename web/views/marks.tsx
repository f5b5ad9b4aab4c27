// Marks: a shape and a word for each verdict and level.
import type { Expectation, Verdict } from '../apiTypes.ts';
import { MARK_OF, type Mark, SHAPES } from '../state/shapes.ts';

/** The shape alone; a word stands beside it. */
export function MarkShape({ mark, size = 16 }: { readonly mark: Mark; readonly size?: number }) {
  const { body, sign, isHollow } = SHAPES[mark];
  return (
    <svg
      class={`mark level-${mark}${isHollow ? ' hollow' : ''}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden="true"
    >
      <path class="mark-body" d={body} />
      <path class="mark-sign" d={sign} />
    </svg>
  );
}

export function VerdictMark({ verdict }: { readonly verdict: Verdict }) {
  const mark = MARK_OF[verdict];
  return (
    <span class={`verdict level-${mark}`}>
      <MarkShape mark={mark} />
      {verdict}
    </span>
  );
}

export const EXPECTED: Readonly<Record<Expectation, string>> = {
  denied: 'must be refused',
  allowed: 'must be readable',
};

export function Expected({ expectation }: { readonly expectation: Expectation }) {
  return (
    <span class="expected" title={EXPECTED[expectation]}>
      {expectation}
    </span>
  );
}
