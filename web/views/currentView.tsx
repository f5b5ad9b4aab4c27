// The view that the address names.
import type { Scope } from '../apiTypes.ts';
import { useHref } from '../live/pageContext.ts';
import type { View } from '../state/address.ts';
import { DriftList } from './driftList.tsx';
import { DriftPage } from './driftPage.tsx';
import { MailboxesPage } from './mailboxesPage.tsx';
import { MailboxPage } from './mailboxPage.tsx';
import { MailboxTable } from './mailboxTable.tsx';
import { RunPage } from './runPage.tsx';
import { RunsPage } from './runsPage.tsx';

interface ViewProps {
  readonly view: View;
  /** Undefined before the first answer, null where none is known. */
  readonly scope: Scope | null | undefined;
}

export function CurrentView({ view, scope }: ViewProps) {
  switch (view.page) {
    case 'home':
      return <Home scope={scope} />;
    case 'mailboxes':
      return <MailboxesPage scope={scope} filter={view.filter} after={view.after} />;
    case 'mailbox':
      return <MailboxPage key={view.mailbox} mailbox={view.mailbox} range={view.range} after={view.after} />;
    case 'drift':
      return <DriftPage version={driftVersion(scope)} filter={view.filter} after={view.after} />;
    case 'runs':
      return <RunsPage after={view.after} />;
    case 'run':
      return <RunPage key={view.id} id={view.id} />;
    case 'unknown':
      return (
        <p class="empty">
          This page has no such view. <a href="#/">Go to the first one.</a>
        </p>
      );
  }
}

const MOST_DRIFT = 10;

/** What is open, and the mailboxes with what is wrong first. */
function Home({ scope }: Pick<ViewProps, 'scope'>) {
  const href = useHref();
  const open = scope?.openDrift ? Object.values(scope.openDrift).reduce((sum, count) => sum + count, 0) : null;
  return (
    <>
      {open !== 0 && (
        <section aria-labelledby="drift-title">
          <h2 id="drift-title">Open drift</h2>
          <DriftList
            filter={{ open: true }}
            after={undefined}
            top={MOST_DRIFT}
            version={driftVersion(scope)}
            empty="No drift is open."
          />
        </section>
      )}
      <section aria-labelledby="mailboxes-title">
        <div class="title">
          <h2 id="mailboxes-title">
            Mailboxes <span class="quiet">{countsOf(scope)}</span>
          </h2>
          <a href={href({ page: 'mailboxes', filter: {} })}>Search and filter</a>
        </div>
        <MailboxTable scope={scope} filter={{}} after={undefined} />
      </section>
    </>
  );
}

/** Changes when drift may have; null before the first answer. The headline waits for nothing, so it comes first. */
function driftVersion(scope: Scope | null | undefined): string | null {
  return scope === undefined ? null : JSON.stringify([scope?.lastCompletedRun, scope?.openDrift]);
}

function countsOf(scope: Scope | null | undefined): string {
  if (!scope?.mailboxes) return '';
  const [denied, allowed] = [scope.mailboxes.denied, scope.mailboxes.allowed].map((count) =>
    count.toLocaleString('en-US'),
  );
  return `${denied} denied, ${allowed} allowed`;
}
