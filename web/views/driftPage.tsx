// All drift, open and closed.
import type { DriftKind, Scope } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { goTo } from '../live/useFragment.ts';
import type { DriftFilter } from '../state/address.ts';
import { driftVersion } from './currentView.tsx';
import { DriftList } from './driftList.tsx';
import { Choice } from './filterBar.tsx';

interface PageProps {
  readonly scope: Scope | null;
  readonly filter: DriftFilter;
  readonly after: string | undefined;
}

const PAGE_SIZE = 50;
const KINDS = (['breach', 'lockout', 'unverified'] as const).map((kind: DriftKind) => [kind, kind] as const);
const STATES = [
  ['open', 'open'],
  ['closed', 'closed'],
] as const;

export function DriftPage({ scope, filter, after }: PageProps) {
  const { scope: name } = usePage();
  const { open, kind } = filter;
  const show = (to: { readonly open: boolean | undefined; readonly kind: DriftKind | undefined }) => {
    const next: DriftFilter = {
      ...(to.open === undefined ? {} : { open: to.open }),
      ...(to.kind === undefined ? {} : { kind: to.kind }),
    };
    goTo({ view: { page: 'drift', filter: next }, ...(name === undefined ? {} : { scope: name }) });
  };
  return (
    <section aria-labelledby="view-title">
      <h2 id="view-title" tabIndex={-1}>
        Drift
      </h2>
      <div class="filters">
        <Choice
          id="drift-state"
          name="State"
          value={open === undefined ? undefined : open ? 'open' : 'closed'}
          all="Open and closed"
          options={STATES}
          onChoose={(state) => show({ kind, open: state === undefined ? undefined : state === 'open' })}
        />
        <Choice
          id="drift-kind"
          name="Kind"
          value={kind}
          all="All kinds"
          options={KINDS}
          onChoose={(one) => show({ open, kind: one })}
        />
      </div>
      <DriftList
        filter={filter}
        after={after}
        top={PAGE_SIZE}
        version={driftVersion(scope)}
        empty={open === true ? 'No drift is open.' : 'There is no such drift.'}
      />
    </section>
  );
}
