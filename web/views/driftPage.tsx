// All drift, open and closed.
import { usePage } from '../live/pageContext.ts';
import { goTo } from '../live/useFragment.ts';
import { type DriftFilter, KINDS } from '../state/address.ts';
import { DriftList } from './driftList.tsx';
import { Choice } from './filterBar.tsx';

interface PageProps {
  /** Changes when drift may have. */
  readonly version: string | null;
  readonly filter: DriftFilter;
  readonly after: string | undefined;
}

const PAGE_SIZE = 50;
const STATES = [
  ['open', 'open'],
  ['closed', 'closed'],
] as const;

export function DriftPage({ version, filter, after }: PageProps) {
  const { scope } = usePage();
  const { open, kind } = filter;
  const show = (to: DriftFilter) => goTo({ view: { page: 'drift', filter: { ...filter, ...to } }, scope });
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
          onChoose={(state) => show({ open: state === undefined ? undefined : state === 'open' })}
        />
        <Choice
          id="drift-kind"
          name="Kind"
          value={kind}
          all="All kinds"
          options={KINDS.map((one) => [one, one])}
          onChoose={(one) => show({ kind: one })}
        />
      </div>
      <DriftList
        filter={filter}
        after={after}
        top={PAGE_SIZE}
        version={version}
        empty={open === true ? 'No drift is open.' : 'There is no such drift.'}
      />
    </section>
  );
}
