// Mailboxes: what is wrong first, then the rest page by page.
import { useMemo } from 'preact/hooks';
import type { Mailbox, Page, Scope, Verdict } from '../apiTypes.ts';
import { useHref, usePage } from '../live/pageContext.ts';
import { type Answer, useAnswer } from '../live/useAnswer.ts';
import { useKeptFocus } from '../live/useKeptFocus.ts';
import type { MailboxFilter } from '../state/address.ts';
import { afterOf } from '../state/apiClient.ts';
import { EXPECTED, VerdictMark } from './marks.tsx';
import { FailureText, Loading } from './notices.tsx';
import { RecentBar } from './recentBar.tsx';
import { Ago, ClockTime } from './timeText.tsx';

/** Rows of each verdict that is not `compliant`; a link leads to all of them. */
const MOST_UNHEALTHY = 25;
const PAGE_SIZE = 50;
const UNHEALTHY = ['breach', 'lockout', 'unverified', 'pending'] as const satisfies readonly Verdict[];

interface TableProps {
  /** Undefined before the first answer, null where none is known. */
  readonly scope: Scope | null | undefined;
  readonly filter: MailboxFilter;
  readonly after: string | undefined;
}

export function MailboxTable({ scope, filter, after }: TableProps) {
  const page = usePage();
  const href = useHref();
  const { verdict, ...rest } = filter;
  const counts = scope?.verdicts ?? null;
  // The lists and the tally that orders them must not be of different runs.
  const version = JSON.stringify([scope?.lastCompletedRun, counts]);
  const isOrdered = verdict === undefined && after === undefined && counts !== null;
  // Called for each of a fixed list, always in the same order.
  const ask = (one: Verdict, isAsked: boolean, top: number) =>
    useAnswer<Page<Mailbox>>(isAsked ? 'mailboxes' : null, { ...rest, verdict: one, top, scope: page.scope }, version);
  const groups = UNHEALTHY.map((one) => ({
    verdict: one,
    answer: ask(one, isOrdered && (counts?.[one] ?? 0) > 0, MOST_UNHEALTHY),
  }));
  const shown = verdict ?? (counts === null ? undefined : 'compliant');
  const list = useAnswer<Page<Mailbox>>(
    // What is wrong comes first, so the list waits for the tally that tells it.
    scope === undefined && verdict === undefined ? null : 'mailboxes',
    { ...rest, verdict: shown, top: PAGE_SIZE, after, scope: page.scope },
    version,
  );
  useKeptFocus();

  const answers = [...groups.map(({ answer }) => answer), list];
  const failure = answers.find((answer) => answer.failure !== null)?.failure ?? null;
  // Where nothing has changed, a beat compares no row: the same objects are the same rows.
  const rows = useMemo(
    () =>
      withoutTwins([...groups.flatMap(({ answer }) => itemsOf(answer)), ...itemsOf(list)]).map((row) => (
        <Row key={row.mailbox} row={row} />
      )),
    [...answers.map(({ data }) => data), page.scope],
  );
  const link = (to: MailboxFilter, from?: string) => href({ page: 'mailboxes', filter: to, after: from });
  const next = list.data && afterOf(list.data);
  // The tally counts all mailboxes, and not those of a filter.
  const isFiltered = Object.values(rest).some((value) => value !== undefined);
  const isOld = failure !== null || answers.some(({ isOther }) => isOther);

  return (
    <>
      {failure && <FailureText failure={failure} />}
      {rows.length > 0 ? (
        <div class={`table-box${isOld ? ' old' : ''}`}>
          <table class="mailboxes" aria-busy={list.isOther}>
            <caption class="unseen">Mailboxes, with their last runs</caption>
            <thead>
              <tr>
                <th scope="col">Mailbox</th>
                <th scope="col">Declared</th>
                <th scope="col">Verdict</th>
                <th scope="col">Since</th>
                <th scope="col">Proven</th>
                <th scope="col">Last runs</th>
              </tr>
            </thead>
            <tbody>{rows}</tbody>
          </table>
        </div>
      ) : (
        failure === null && (list.data && !list.isOther ? <p class="empty">{emptyText(filter, after)}</p> : <Loading />)
      )}
      <div class="more">
        {groups.map(
          ({ verdict: one, answer }) =>
            answer.data &&
            afterOf(answer.data) !== undefined && (
              <a key={one} href={link({ ...rest, verdict: one })}>
                All {isFiltered ? '' : `${(counts?.[one] ?? 0).toLocaleString('en-US')} `}
                {one}
              </a>
            ),
        )}
        {after !== undefined && <a href={link(filter)}>First page</a>}
        {next !== undefined && (
          <a href={link({ ...filter, verdict: shown }, next)}>
            Next page{shown === 'compliant' && verdict === undefined ? ' of compliant' : ''}
          </a>
        )}
      </div>
      {rows.length > 0 && <Legend />}
    </>
  );
}

function itemsOf({ data }: Answer<Page<Mailbox>>): readonly Mailbox[] {
  return data?.value ?? [];
}

/** A mailbox whose verdict changes between two questions may be in both answers. */
function withoutTwins(rows: readonly Mailbox[]): readonly Mailbox[] {
  const names = new Set<string>();
  return rows.filter(({ mailbox }) => !names.has(mailbox) && names.add(mailbox));
}

function emptyText({ verdict, expectation, startsWith }: MailboxFilter, after: string | undefined): string {
  if (after !== undefined) return 'There are no more mailboxes.';
  return verdict || expectation || startsWith ? 'No mailbox matches this filter.' : 'No mailbox is listed.';
}

/** On a narrow screen there is no header: the style sheet then shows the name of each cell. */
function Row({ row }: { readonly row: Mailbox }) {
  const href = useHref();
  return (
    <tr class={row.verdict === 'compliant' ? '' : 'wrong'}>
      <th scope="row">
        <a id={`link-${row.mailbox}`} href={href({ page: 'mailbox', mailbox: row.mailbox, range: {} })}>
          {row.mailbox}
        </a>
      </th>
      <td data-name="Declared" title={EXPECTED[row.expectation]}>
        {row.expectation}
      </td>
      <td data-name="Verdict">
        <VerdictMark verdict={row.verdict} />
        {row.stale && <span class="tag">stale</span>}
      </td>
      <td data-name="Since">
        <ClockTime at={row.since} />
      </td>
      <td data-name="Proven">
        <Ago at={row.provenAt} never="never" />
      </td>
      <td class="bar-column">
        <RecentBar {...row} />
      </td>
    </tr>
  );
}

function Legend() {
  const kinds = [
    ['good', 'M.5 4h3v12h-3z', 'as declared'],
    ['bad', 'M0 0h4v16h-4z', 'not as declared'],
    ['unknown', 'M1 8.5h2v7h-2z', 'no proof'],
    ['hole', 'M1 14h2v2h-2z', 'hole: no run'],
  ] as const;
  return (
    <p class="legend">
      <span>Last runs, newest right:</span>
      {kinds.map(([kind, path, text]) => (
        <span key={kind}>
          <svg width="5" height="16" viewBox="-.5 0 5 16" aria-hidden="true">
            <path class={`cell-${kind}`} d={path} />
          </svg>
          {text}
        </span>
      ))}
    </p>
  );
}
