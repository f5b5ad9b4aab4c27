// One fact of a list of facts: its name and what it is.
import type { ComponentChildren } from 'preact';

interface FactProps {
  readonly name: string;
  /** Whether it may be long, and has a line of its own. */
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

export function Fact({ name, isWide = false, children }: FactProps) {
  return (
    <div class={isWide ? 'wide' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
