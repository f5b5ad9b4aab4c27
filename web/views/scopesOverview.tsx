// All scopes, the worst first. Each leads to its own page.
import type { Scope } from '../apiTypes.ts';
import { useWindowSays } from '../live/useWindowSays.ts';
import { writeAddress } from '../state/address.ts';
import { isStopped, scopesWorstFirst } from '../state/headline.ts';
import { startOfRun } from '../state/times.ts';
import { MarkShape } from './marks.tsx';
import { Ago } from './timeText.tsx';

export function ScopesOverview({ scopes }: { readonly scopes: readonly Scope[] }) {
  return (
    <section aria-labelledby="scopes-title">
      <h2 id="scopes-title">Scopes</h2>
      <ul class="scopes">
        {scopesWorstFirst(scopes).map(({ scope, headline }) => {
          const mark = headline.level;
          return (
            <li key={scope.name} class={`scope level-${mark}`}>
              <MarkShape mark={mark} size={24} />
              <div>
                <a id={`scope-${scope.name}`} href={writeAddress({ view: { page: 'home' }, scope: scope.name })}>
                  {scope.name}
                </a>{' '}
                <span class="quiet">{factsOf(scope)}</span>
                <p>{headline.text}</p>
                {headline.also.map((text) => (
                  <p key={text} class="quiet">
                    {text}
                  </p>
                ))}
              </div>
              <span class="quiet">
                last run{' '}
                <Ago at={startOfRun(scope.lastCompletedRun ?? '')} never={isStopped(scope) ? 'not known' : 'never'} />
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function factsOf({ resource, mailboxes }: Scope): string {
  const counts = mailboxes && `${count(mailboxes.denied)} denied, ${count(mailboxes.allowed)} allowed`;
  return [resource, counts].filter((part) => part !== null).join(' · ');
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

interface UnknownProps {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export function UnknownScope({ name, scopes }: UnknownProps) {
  useWindowSays('No such scope', 'silent');
  return (
    <section>
      <h1>There is no scope {name}</h1>
      <ul>
        {scopes.map((scope) => (
          <li key={scope.name}>
            <a href={writeAddress({ view: { page: 'home' }, scope: scope.name })}>{scope.name}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}
