// The name of the page, the scope that is shown, and the way to each view.
import type { Scope } from '../apiTypes.ts';
import { goTo } from '../live/useFragment.ts';
import { type View, writeAddress } from '../state/address.ts';
import { Choice } from './filterBar.tsx';

const VIEWS: readonly (readonly [View, string])[] = [
  [{ page: 'home' }, 'Now'],
  [{ page: 'mailboxes', filter: {} }, 'Mailboxes'],
  [{ page: 'drift', filter: {} }, 'Drift'],
  [{ page: 'runs' }, 'Runs'],
];

const PARENTS: Readonly<Partial<Record<View['page'], View['page']>>> = { mailbox: 'mailboxes', run: 'runs' };

interface HeaderProps {
  readonly scopes: readonly Scope[];
  readonly view: View;
  /** The scope that is shown; undefined with one scope, and in the overview. */
  readonly named: string | undefined;
}

export function Header({ scopes, view, named }: HeaderProps) {
  const current = PARENTS[view.page] ?? view.page;
  return (
    <header>
      <a class="name" href="#/">
        Mailscope
      </a>
      {scopes.length > 1 && (
        <Choice
          id="scope"
          name="Scope"
          value={named}
          all="All scopes"
          options={scopes.map(({ name }) => [name, name] as const)}
          onChoose={(scope) => goTo(scope === undefined ? { view: { page: 'home' } } : { view: topOf(view), scope })}
        />
      )}
      {(scopes.length <= 1 || named !== undefined) && (
        <nav aria-label="Views">
          {VIEWS.map(([to, words]) => (
            <a
              key={words}
              href={writeAddress({ view: to, scope: named })}
              aria-current={to.page === current ? 'page' : undefined}
            >
              {words}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}

/** Another scope has other mailboxes and runs. */
function topOf(view: View): View {
  if (view.page === 'mailbox') return { page: 'mailboxes', filter: {} };
  if (view.page === 'run') return { page: 'runs' };
  return view;
}
