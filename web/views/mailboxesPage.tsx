// All mailboxes, with a search and filters.
import type { Expectation, Scope, Verdict } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { goTo } from '../live/useFragment.ts';
import type { MailboxFilter } from '../state/address.ts';
import { Choice, Search } from './filterBar.tsx';
import { MailboxTable } from './mailboxTable.tsx';

interface PageProps {
  readonly scope: Scope | null;
  readonly filter: MailboxFilter;
  readonly after: string | undefined;
}

const VERDICTS = (['breach', 'lockout', 'unverified', 'pending', 'compliant'] as const).map(
  (verdict: Verdict) => [verdict, verdict] as const,
);
const EXPECTATIONS = [
  ['denied', 'denied: must be refused'],
  ['allowed', 'allowed: must be readable'],
] as const satisfies readonly (readonly [Expectation, string])[];

export function MailboxesPage({ scope, filter, after }: PageProps) {
  const { scope: name } = usePage();
  const { startsWith, verdict, expectation } = filter;
  const show = (to: { readonly [Name in keyof MailboxFilter]?: MailboxFilter[Name] | undefined }, replace = false) => {
    const known = Object.entries({ ...filter, ...to }).filter(([, value]) => value !== undefined && value !== '');
    const address = { view: { page: 'mailboxes', filter: Object.fromEntries(known) as MailboxFilter } } as const;
    goTo(name === undefined ? address : { ...address, scope: name }, { replace });
  };
  return (
    <section aria-labelledby="view-title">
      <h2 id="view-title" tabIndex={-1}>
        Mailboxes
      </h2>
      <search class="filters">
        <Search value={startsWith ?? ''} onSearch={(text) => show({ startsWith: text }, true)} />
        <Choice
          id="verdict"
          name="Verdict"
          value={verdict}
          all="All verdicts"
          options={VERDICTS}
          onChoose={(one) => show({ verdict: one })}
        />
        <Choice
          id="expectation"
          name="Declared"
          value={expectation}
          all="Denied and allowed"
          options={EXPECTATIONS}
          onChoose={(one) => show({ expectation: one })}
        />
      </search>
      <MailboxTable scope={scope} filter={filter} after={after} />
    </section>
  );
}
