// The shape of each level and verdict: nobody has to tell colours apart. All are drawn in a square of 16.
import type { Verdict } from '../apiTypes.ts';
import type { Level } from './headline.ts';

export type Mark = Level;

interface Shape {
  /** What is filled with the colour. */
  readonly body: string;
  /** What is drawn on it, as a line. */
  readonly sign: string;
  /** Whether only the outline of the body is drawn. */
  readonly isHollow: boolean;
  /** The colour in the window's icon, which knows no style sheet. */
  readonly colour: string;
}

const CIRCLE = 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z';

export const SHAPES: Readonly<Record<Mark, Shape>> = {
  breach: { body: 'M8 .8 15.6 14.6H.4z', sign: 'M8 5.6v4.2M8 12v.6', isHollow: false, colour: '#c9252d' },
  silent: { body: CIRCLE, sign: 'M3.2 12.8l9.6-9.6', isHollow: true, colour: '#5d6673' },
  blind: { body: 'M1 8q7-9 14 0q-7 9-14 0z', sign: 'M3 13 13 3', isHollow: true, colour: '#7a4bc2' },
  lockout: { body: 'M1.5 1.5h13v13h-13z', sign: 'M4.8 8h6.4', isHollow: false, colour: '#b3540b' },
  unproven: {
    body: 'M8 .6 15.4 8 8 15.4.6 8z',
    sign: 'M6.2 6.4q.2-1.8 1.9-1.8 1.8.1 1.8 1.7 0 1.2-1.8 2v.9M8.1 11.2v.6',
    isHollow: false,
    colour: '#8a6100',
  },
  pending: { body: CIRCLE, sign: 'M8 4.4V8l2.4 1.8', isHollow: true, colour: '#2f64b5' },
  proven: { body: CIRCLE, sign: 'M4.7 8.3l2.3 2.3 4.3-5', isHollow: false, colour: '#12795c' },
  loading: { body: CIRCLE, sign: 'M5 8h.1M8 8h.1M11 8h.1', isHollow: true, colour: '#5d6673' },
};

/** A verdict has the mark of the level that it brings. */
export const MARK_OF: Readonly<Record<Verdict, Mark>> = {
  breach: 'breach',
  lockout: 'lockout',
  unverified: 'unproven',
  pending: 'pending',
  compliant: 'proven',
};

/** The window's icon, as an address that holds it. */
export function iconOf(mark: Mark): string {
  const { body, sign, isHollow, colour } = SHAPES[mark];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" stroke-linecap="round" stroke-linejoin="round" stroke-width="1.6">` +
    `<path d="${body}" fill="${isHollow ? 'white' : colour}" stroke="${colour}"/>` +
    `<path d="${sign}" fill="none" stroke="${isHollow ? colour : 'white'}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
