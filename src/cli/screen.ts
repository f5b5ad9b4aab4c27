// What a person or a pipeline sees: the report on one stream, everything on the way to it on the other.

/** A stream of a process, as far as it is used here. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, written?: () => void): unknown;
}

export interface Screen {
  /** The report. */
  print(text: string): void;
  /** A sentence about what is wrong. */
  say(text: string): void;
  /** What goes on: one line that is overwritten on a terminal, a line each elsewhere. */
  progress(text: string): void;
  /** What only a person who watches wants to know: on a terminal alone. */
  watch(text: string): void;
  /** Settles when all of it is written, so that the process may end. */
  flush(): Promise<void>;
}

const CLEAR_LINE = '\r\x1b[2K';

export function createScreen(stdout: Output, stderr: Output): Screen {
  let isLineOpen = false;
  const overwrite = (text: string) => {
    // A terminal that does not know its width says 0. A line that wraps could not be overwritten.
    stderr.write(CLEAR_LINE + text.slice(0, (stderr.columns || 80) - 1));
    isLineOpen = true;
  };
  const closeLine = () => {
    if (isLineOpen) stderr.write(CLEAR_LINE);
    isLineOpen = false;
  };
  return {
    print(text) {
      closeLine();
      stdout.write(text);
    },
    say(text) {
      closeLine();
      stderr.write(`${text}\n`);
    },
    progress: (text) => (stderr.isTTY ? overwrite(text) : void stderr.write(`${text}\n`)),
    watch: (text) => (stderr.isTTY ? overwrite(text) : undefined),
    async flush() {
      for (const stream of [stdout, stderr]) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    },
  };
}
