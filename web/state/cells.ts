// The bar of `recent`: one cell a run, and which observation belongs to a cell.
import type { Expectation, Mailbox, Observation, Outcome } from '../apiTypes.ts';

/** `good`: seen as declared. `bad`: seen otherwise. `unknown`: it showed nothing. `hole`: no run reached it. */
export type CellKind = 'good' | 'bad' | 'unknown' | 'hole';

export interface Cell {
  readonly kind: CellKind;
  /** Observations that are newer than this one's; null for a hole, which has none. */
  readonly newer: number | null;
}

/** Oldest first, as in `recent`. */
export function cellsOf(recent: string, expectation: Expectation): readonly Cell[] {
  let newer = observationsIn(recent);
  return Array.from(recent, (letter): Cell => {
    const kind = kindOf(letter, expectation);
    if (kind === 'hole') return { kind, newer: null };
    newer -= 1;
    return { kind, newer };
  });
}

function kindOf(letter: string, expectation: Expectation): CellKind {
  if (letter === '.') return 'hole';
  if (letter !== 'o' && letter !== 'x') return 'unknown';
  return (letter === 'x') === (expectation === 'denied') ? 'good' : 'bad';
}

/**
 * The observation of a cell. Undefined for a hole, where the history does not reach so far, and while it is older than
 * the bar.
 *
 * @param history newest first
 * @param lastCheckedAt of the mailbox: the newest observation of the bar. The history may have newer ones
 */
export function observationOf<Seen extends Pick<Observation, 'checkedAt'>>(
  cell: Cell | undefined,
  history: readonly Seen[],
  lastCheckedAt: string | null,
): Seen | undefined {
  if (!cell || cell.newer === null) return undefined;
  const newest = history.findIndex(({ checkedAt }) => checkedAt === lastCheckedAt);
  return newest === -1 ? undefined : history[newest + cell.newer];
}

type Bar = Pick<Mailbox, 'recent' | 'lastCheckedAt'>;

/** By how many cells the runs of a bar moved to the left, because newer ones came and the bar holds so many only. */
export function movedBy(before: Bar, after: Bar): number {
  const least = before.lastCheckedAt === after.lastCheckedAt ? 0 : 1;
  for (let added = least; added <= before.recent.length; added += 1) {
    const dropped = before.recent.length + added - after.recent.length;
    if (dropped >= 0 && after.recent.startsWith(before.recent.slice(dropped))) return dropped;
  }
  return 0;
}

/** The number of observations that a bar shows. */
export function observationsIn(recent: string): number {
  return recent.replaceAll('.', '').length;
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  readable: 'readable',
  refused: 'refused',
  inconclusive: 'no proof',
};

/** What a cell shows, in words: `refused, as declared`. */
export function cellWords(kind: CellKind, expectation: Expectation): string {
  if (kind === 'hole') return 'hole: no run reached it';
  if (kind === 'unknown') return OUTCOMES.inconclusive;
  const [good, bad] =
    expectation === 'denied' ? (['refused', 'readable'] as const) : (['readable', 'refused'] as const);
  return kind === 'good' ? `${OUTCOMES[good]}, as declared` : `${OUTCOMES[bad]}, not as declared`;
}

/** The whole bar in one sentence, for those who cannot see it: `48 runs: 45 refused, 1 readable, 2 holes.` */
export function barWords({ recent, expectation }: Pick<Mailbox, 'recent' | 'expectation'>): string {
  if (recent === '') return 'No run yet.';
  const counts: Record<string, number> = {};
  for (const letter of recent) counts[letter] = (counts[letter] ?? 0) + 1;
  const count = (letter: string) => counts[letter] ?? 0;
  const holes = count('.');
  const parts = [
    ...(expectation === 'denied' ? [`${count('x')} refused`] : [`${count('o')} readable`]),
    ...some(expectation === 'denied' ? count('o') : count('x'), expectation === 'denied' ? 'readable' : 'refused'),
    ...some(count('?'), 'without proof'),
    ...some(holes, holes === 1 ? 'hole' : 'holes'),
  ];
  return `${recent.length} ${recent.length === 1 ? 'run' : 'runs'}: ${parts.join(', ')}.`;
}

function some(count: number, word: string): string[] {
  return count > 0 ? [`${count} ${word}`] : [];
}
