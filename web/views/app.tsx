// The page: who may see it, which scope, which view, and the frame around them.
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { BeatContext, type Page, PageContext } from '../live/pageContext.ts';
import { forgetView, keepKey, keptKey, leaveForSignIn } from '../live/session.ts';
import { useBeat } from '../live/useBeat.ts';
import { useFragment } from '../live/useFragment.ts';
import { useTimed } from '../live/useNow.ts';
import type { Address, View } from '../state/address.ts';
import { type ApiFailure, createClient } from '../state/apiClient.ts';
import { dayOf, type Zone } from '../state/times.ts';
import { useCore } from './core.ts';
import { CurrentView } from './currentView.tsx';
import { Footer } from './footer.tsx';
import { Header } from './header.tsx';
import { HeadlinePanel } from './headlinePanel.tsx';
import { KeyPrompt } from './keyPrompt.tsx';
import { RunNow } from './runNow.tsx';
import { ScopesOverview, UnknownScope } from './scopesOverview.tsx';

type Access = 'open' | 'asks-for-key' | 'refuses-key' | 'sign-in-failed';

export function App() {
  const [access, setAccess] = useState<Access>('open');
  const [zone, setZone] = useState<Zone>('utc');
  const [serverAheadMs, setServerAhead] = useState<number | null>(null);
  const beat = useBeat();
  const address = useFragment();

  const client = useMemo(
    () =>
      createClient({
        base: '/api',
        key: keptKey,
        fetch: (input, init) => fetch(input, init),
        // The header has whole seconds, so what differs by less is equal.
        onServerTime: (time) => setServerAhead(Math.round((time - Date.now()) / 10_000) * 10_000),
      }),
    [],
  );
  const onRefused = useCallback(({ kind }: ApiFailure) => {
    if (kind === 'sign-in') {
      if (!leaveForSignIn()) setAccess('sign-in-failed');
      return;
    }
    const had = keptKey() !== null;
    keepKey(null);
    // Several questions are refused at once: the first of them tells.
    setAccess((before) => (before !== 'open' ? before : had ? 'refuses-key' : 'asks-for-key'));
  }, []);
  const { refresh } = beat;
  const day = useTimed((now) => dayOf(now, zone));
  const page = useMemo<Page>(
    () => ({ client, scope: undefined, zone, today: Date.now(), refresh, onRefused }),
    [client, zone, day, refresh, onRefused],
  );

  if (access === 'sign-in-failed') return <SignInFailed />;
  if (access !== 'open') {
    return (
      <KeyPrompt
        isWrong={access === 'refuses-key'}
        onKey={(key) => {
          keepKey(key);
          setAccess('open');
          refresh();
        }}
      />
    );
  }
  return (
    <PageContext.Provider value={page}>
      <BeatContext.Provider value={beat.beat}>
        <Frame page={page} address={address} beat={beat} serverAheadMs={serverAheadMs} onZone={setZone} />
      </BeatContext.Provider>
    </PageContext.Provider>
  );
}

function SignInFailed() {
  return (
    <main class="prompt">
      <h1>You are not signed in</h1>
      <p>The sign-in came back, and Mailscope still knows nobody. Ask whoever runs this app whether you may use it.</p>
      <button
        type="button"
        class="main"
        onClick={() => {
          forgetView();
          leaveForSignIn();
        }}
      >
        Sign in again
      </button>
    </main>
  );
}

interface FrameProps {
  readonly page: Page;
  readonly address: Address;
  readonly beat: ReturnType<typeof useBeat>;
  readonly serverAheadMs: number | null;
  onZone(zone: Zone): void;
}

function Frame({ page, address, beat, serverAheadMs, onZone }: FrameProps) {
  const { view } = address;
  const [count, setCount] = useState(1);
  // Several scopes are known from the answer before: nothing may be asked twice for it.
  const isOverview = count > 1 && view.page === 'home' && address.scope === undefined;
  const core = useCore(isOverview ? null : address.scope);
  const scopes = core.scopes.data?.value ?? [];
  useEffect(() => {
    if (!core.scopes.data) return;
    setCount(core.scopes.data.value.length);
    forgetView();
  }, [core.scopes.data]);

  const scope =
    scopes.find(({ name }) => name === address.scope) ?? (address.scope === undefined ? scopes[0] : undefined);
  const named = scopes.length > 1 ? (address.scope ?? scopes[0]?.name) : undefined;
  const inScope = useMemo<Page>(() => ({ ...page, scope: named ?? address.scope }), [page, named, address.scope]);
  const isUnknown = scopes.length > 0 && scope === undefined;
  const isOld = core.scopes.failure !== null;
  useFocusOnView(view);

  return (
    <PageContext.Provider value={inScope}>
      <Header scopes={scopes} address={address} named={isOverview ? undefined : named} />
      <main class={isOld ? 'is-old' : ''}>
        {isUnknown ? (
          <UnknownScope name={address.scope ?? ''} scopes={scopes} />
        ) : (
          <>
            <div class="top">
              <HeadlinePanel
                core={core}
                scope={isOverview ? null : (scope ?? null)}
                isOverview={isOverview}
                isPaused={beat.isPaused}
                isHidden={beat.isHidden}
              />
              {!isOverview && <RunNow key={named ?? ''} />}
            </div>
            {isOverview ? (
              <ScopesOverview scopes={scopes} isOld={isOld} />
            ) : (
              <CurrentView view={view} scope={scope ?? null} />
            )}
          </>
        )}
      </main>
      <Footer
        answeredAt={core.scopes.answeredAt}
        isPaused={beat.isPaused}
        zone={page.zone}
        serverAheadMs={serverAheadMs}
        onPause={beat.setPaused}
        onZone={onZone}
      />
    </PageContext.Provider>
  );
}

/** Whoever follows a link goes on reading where the new view begins. */
function useFocusOnView(view: View): void {
  const name = view.page === 'mailbox' ? view.mailbox : view.page === 'run' ? view.id : view.page;
  const before = useRef(name);
  useEffect(() => {
    if (before.current === name) return;
    before.current = name;
    scrollTo(0, 0);
    document.getElementById(view.page === 'home' ? 'headline' : 'view-title')?.focus({ preventScroll: true });
  }, [name, view.page]);
}
