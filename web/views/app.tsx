// The page: who may see it, which scope, which view, and the frame around them.
import { useCallback, useEffect, useErrorBoundary, useMemo, useRef, useState } from 'preact/hooks';
import { BeatContext, type Page, PageContext } from '../live/pageContext.ts';
import { learnServerTime, presentTime } from '../live/presentTime.ts';
import { forgetView, keepKey, keepZone, keptKey, keptZone, leaveForSignIn } from '../live/session.ts';
import { useBeat } from '../live/useBeat.ts';
import { useFragment } from '../live/useFragment.ts';
import { useTimed } from '../live/useNow.ts';
import type { Address, View } from '../state/address.ts';
import { isAnswerOld } from '../state/age.ts';
import { type ApiFailure, createClient } from '../state/apiClient.ts';
import { dayOf, type Zone } from '../state/times.ts';
import { useCore } from './core.ts';
import { CurrentView } from './currentView.tsx';
import { Footer } from './footer.tsx';
import { Header } from './header.tsx';
import { HeadlinePanel } from './headlinePanel.tsx';
import { Broken, KeyPrompt, SignInFailed } from './prompts.tsx';
import { RunNow } from './runNow.tsx';
import { ScopesOverview, UnknownScope } from './scopesOverview.tsx';

type Access = 'open' | 'asks-for-key' | 'refuses-key' | 'sign-in-failed';

export function App() {
  const [access, setAccess] = useState<Access>('open');
  const [zone, setZone] = useState<Zone>(keptZone);
  const [error] = useErrorBoundary((thrown: unknown) => console.error(thrown));
  const beat = useBeat();
  const address = useFragment();

  const client = useMemo(
    () =>
      createClient({
        base: '/api',
        key: keptKey,
        fetch: (input, init) => fetch(input, init),
        onServerTime: learnServerTime,
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
    () => ({ client, scope: undefined, zone, today: presentTime(), refresh, onRefused }),
    [client, zone, day, refresh, onRefused],
  );

  if (error) return <Broken />;
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
        <Frame
          page={page}
          address={address}
          beat={beat}
          onZone={(to) => {
            keepZone(to);
            setZone(to);
          }}
        />
      </BeatContext.Provider>
    </PageContext.Provider>
  );
}

interface FrameProps {
  readonly page: Page;
  readonly address: Address;
  readonly beat: ReturnType<typeof useBeat>;
  onZone(zone: Zone): void;
}

function Frame({ page, address, beat, onZone }: FrameProps) {
  const { view } = address;
  const core = useCore(address);
  const { scopes, all, name, isOverview } = core;
  useEffect(() => {
    if (scopes.data) forgetView();
  }, [scopes.data]);
  const inScope = useMemo<Page>(() => ({ ...page, scope: name }), [page, name]);
  const age = useTimed((now) => {
    const at = scopes.answeredAt();
    return scopes.failure !== null || (at !== null && isAnswerOld(at, now)) ? 'is-old' : '';
  });
  useFocusOnView(view);

  return (
    <PageContext.Provider value={inScope}>
      <Header scopes={all} view={view} named={name} />
      <main class={age}>
        {all.length > 0 && core.scope === null && !isOverview ? (
          <UnknownScope name={name ?? ''} scopes={all} />
        ) : (
          <>
            <div class="top">
              <HeadlinePanel core={core} isPaused={beat.isPaused} />
              {!isOverview && <RunNow key={name} />}
            </div>
            {isOverview ? (
              <ScopesOverview scopes={all} />
            ) : (
              // What is shown of one scope must never stand under the name of another.
              <CurrentView key={name} view={view} scope={core.scope} />
            )}
          </>
        )}
      </main>
      <Footer
        answeredAt={scopes.answeredAt}
        isPaused={beat.isPaused}
        zone={page.zone}
        onPause={beat.setPaused}
        onZone={onZone}
      />
    </PageContext.Provider>
  );
}

/** Whoever follows a link, also to the next page of a list, goes on reading where it begins. Whoever types goes on typing. */
function useFocusOnView(view: View): void {
  const after = 'after' in view ? view.after : undefined;
  const place = JSON.stringify([
    view.page === 'mailbox' ? view.mailbox : view.page === 'run' ? view.id : view.page,
    after,
  ]);
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    if (document.activeElement?.matches('input, select')) return;
    scrollTo(0, 0);
    document.getElementById(view.page === 'home' ? 'headline' : 'view-title')?.focus({ preventScroll: true });
  }, [place, view.page]);
}
