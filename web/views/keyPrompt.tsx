// Asks for the function key once. It is kept until the browser session ends, and sent in a header only.
import { useEffect, useRef, useState } from 'preact/hooks';

interface PromptProps {
  /** Whether the key that was given was refused. */
  readonly isWrong: boolean;
  onKey(key: string): void;
}

export function KeyPrompt({ isWrong, onKey }: PromptProps) {
  const [key, setKey] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    document.title = 'Key – Mailscope';
  }, []);
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
          App keys. On your own machine <code>npm start</code> prints it. This page keeps the key until you close the
          browser, and sends it in a header only.
        </p>
        <button class="main" type="submit">
          Show the page
        </button>
      </form>
    </main>
  );
}
