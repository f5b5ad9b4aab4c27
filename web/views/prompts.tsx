// What stands in place of the page: it asks for the key, or for a sign-in, or it has failed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { isForgetful, leaveForSignIn } from '../live/session.ts';
import { useWindowSays } from '../live/useWindowSays.ts';

interface PromptProps {
  /** Whether the key that was given was refused. */
  readonly isWrong: boolean;
  onKey(key: string): void;
}

/** Asks for the function key once. It is kept until the browser session ends, and sent in a header only. */
export function KeyPrompt({ isWrong, onKey }: PromptProps) {
  const [key, setKey] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useWindowSays('Key', 'silent');
  useEffect(() => field.current?.focus(), []);
  return (
    <main class="prompt">
      <h1>This app asks for a key</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') onKey(key.trim());
        }}
      >
        <label class="field" for="key">
          Function key
        </label>
        <input
          id="key"
          ref={field}
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={key}
          aria-describedby="key-help key-wrong"
          aria-invalid={isWrong}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
        <p id="key-wrong" class="failure" role="alert">
          {isWrong && 'The app refused this key.'}
        </p>
        <p id="key-help" class="quiet">
          Use a host key: a key of one function opens that function alone. In the Azure portal it is under Functions,
          App keys. On your own machine <code>npm start</code> prints it. This page keeps the key until{' '}
          {isForgetful
            ? 'you leave it or load it again, because this browser blocks its storage'
            : 'you close the browser'}
          , and sends it in a header only.
        </p>
        <button class="main" type="submit">
          Show the page
        </button>
      </form>
    </main>
  );
}

export function SignInFailed() {
  useWindowSays('Not signed in', 'silent');
  return (
    <main class="prompt">
      <h1>You are not signed in</h1>
      <p>
        {isForgetful
          ? 'This browser blocks the storage of this page, so the page does not go to the sign-in by itself.'
          : 'The sign-in came back, and Mailscope still knows nobody. Ask whoever runs this app whether you may use it.'}
      </p>
      <button type="button" class="main" onClick={() => leaveForSignIn({ isWanted: true })}>
        Sign in again
      </button>
    </main>
  );
}

/** A page that fails must not leave its last answer on the screen. */
export function Broken() {
  useWindowSays('Page failed', 'silent');
  return (
    <main class="prompt">
      <h1>This page has failed</h1>
      <p>It shows nothing, because it would be old soon. The app may have a newer version than this page.</p>
      <button type="button" class="main" onClick={() => location.reload()}>
        Load the page again
      </button>
    </main>
  );
}
