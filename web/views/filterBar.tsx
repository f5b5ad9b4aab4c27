// The filters of a list. They live in the address, so that a filtered list is a link.
import { useEffect, useRef, useState } from 'preact/hooks';

const TYPING_MS = 250;

interface SearchProps {
  readonly value: string;
  onSearch(text: string): void;
}

/** Searches by the beginning of a name, a moment after the last letter. */
export function Search({ value, onSearch }: SearchProps) {
  const [text, setText] = useState(value);
  const typed = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const searched = useRef(value);
  // Another address, as after Back, brings its own text. The one that was searched for here has come already, and
  // somebody may have typed on.
  useEffect(() => {
    if (value === searched.current) return;
    searched.current = value;
    clearTimeout(typed.current);
    setText(value);
  }, [value]);
  return (
    <label class="field">
      <span>Name begins with</span>
      <input
        id="search"
        type="search"
        value={text}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          const next = currentTarget.value;
          setText(next);
          clearTimeout(typed.current);
          typed.current = setTimeout(() => {
            searched.current = next.trim();
            onSearch(searched.current);
          }, TYPING_MS);
        }}
      />
    </label>
  );
}

interface ChoiceProps<T extends string> {
  readonly id: string;
  readonly name: string;
  readonly value: T | undefined;
  /** The values with their words; undefined is all. */
  readonly options: readonly (readonly [value: T, words: string])[];
  readonly all: string;
  onChoose(value: T | undefined): void;
}

export function Choice<T extends string>({ id, name, value, options, all, onChoose }: ChoiceProps<T>) {
  return (
    <label class="field">
      <span>{name}</span>
      <select
        id={id}
        value={value ?? ''}
        onChange={({ currentTarget }) => onChoose(options.find(([one]) => one === currentTarget.value)?.[0])}
      >
        <option value="">{all}</option>
        {options.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
