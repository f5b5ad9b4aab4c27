// A request id, with a button that copies it.
import { useEffect, useState } from 'preact/hooks';

const SAYS_SO_MS = 2_000;

interface CopyProps {
  readonly text: string | null;
  /** What it is, for the button's name. */
  readonly name: string;
  readonly id: string;
}

export function CopyId({ text, name, id }: CopyProps) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => setSaid(''), SAYS_SO_MS);
    return () => clearTimeout(timer);
  }, [said]);
  if (text === null) return <span class="quiet">Graph gave no request id</span>;
  return (
    <span class="copy">
      <code>{text}</code>
      <button
        type="button"
        id={id}
        class="small"
        onClick={() => void copyText(text).then((done) => setSaid(done ? 'Copied' : 'Select and copy it'))}
      >
        {said || 'Copy'}
        <span class="unseen"> {name}</span>
      </button>
      <span class="unseen" role="status">
        {said}
      </span>
    </span>
  );
}

/** Whether the text is on the clipboard. A browser may refuse. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
