// Output for a person or a pipeline: the report on stdout, progress and errors on stderr. Every line is made printable here.
import { printableLines } from '../printable.ts';

/** The part of a process stream that is used here. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, written?: () => void): unknown;
}

export interface Screen {
  /** The report. */
  print(text: string): void;
  /** An error message. */
  say(text: string): void;
  /** Progress: a terminal overwrites one line, a pipeline gets a line each. */
  progress(text: string): void;
  /** Progress that only a terminal shows. */
  watch(text: string): void;
  /** Settles when everything is written, so that the process may end. */
  flush(): Promise<void>;
}

const CLEAR_LINE = '\r\x1b[2K';

export function createScreen(stdout: Output, stderr: Output): Screen {
  let isLineOpen = false;
  const overwrite = (text: string) => {
    // A terminal without a known width says 0. A line that wraps cannot be overwritten.
    const shown = [...printableLines(text)].slice(0, (stderr.columns || 80) - 1);
    stderr.write(CLEAR_LINE + shown.join(''));
    isLineOpen = true;
  };
  const closeLine = () => {
    if (isLineOpen) stderr.write(CLEAR_LINE);
    isLineOpen = false;
  };
  return {
    print(text) {
      closeLine();
      stdout.write(printableLines(text));
    },
    say(text) {
      closeLine();
      stderr.write(`${printableLines(text)}\n`);
    },
    progress: (text) => (stderr.isTTY ? overwrite(text) : void stderr.write(`${printableLines(text)}\n`)),
    watch: (text) => (stderr.isTTY ? overwrite(text) : undefined),
    async flush() {
      for (const stream of [stdout, stderr]) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    },
  };
}
