// All mailboxes, with a search and filters.
import type { Expectation, Scope } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { goTo } from '../live/useFragment.ts';
import { type MailboxFilter, VERDICTS } from '../state/address.ts';
import { Choice, Search } from './filterBar.tsx';
import { MailboxTable } from './mailboxTable.tsx';

interface PageProps {
  readonly scope: Scope | null | undefined;
  readonly filter: MailboxFilter;
  readonly after: string | undefined;
}

const EXPECTATIONS = [
  ['denied', 'denied: must be refused'],
  ['allowed', 'allowed: must be readable'],
] as const satisfies readonly (readonly [Expectation, string])[];

export function MailboxesPage({ scope, filter, after }: PageProps) {
  const { scope: name } = usePage();
  const { startsWith, verdict, expectation } = filter;
  const show = (to: MailboxFilter, { replace = false } = {}) =>
    goTo({ view: { page: 'mailboxes', filter: { ...filter, ...to } }, scope: name }, { replace });
  return (
    <section aria-labelledby="view-title">
      <h2 id="view-title" tabIndex={-1}>
        Mailboxes
      </h2>
      <search class="filters">
        <Search value={startsWith ?? ''} onSearch={(text) => show({ startsWith: text }, { replace: true })} />
        <Choice
          id="verdict"
          name="Verdict"
          value={verdict}
          all="All verdicts"
          options={VERDICTS.map((one) => [one, one])}
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
