// Starts a run for whoever just fixed a policy, and follows it to its end.
import { useEffect, useState } from 'preact/hooks';
import type { Run } from '../apiTypes.ts';
import { usePage } from '../live/pageContext.ts';
import { ApiFailure } from '../state/apiClient.ts';
import { progressWords, refusalWords } from '../state/progress.ts';

const LOOK_EVERY_MS = 1_000;

export function RunNow() {
  const { client, scope, refresh, onRefused } = usePage();
  const [id, setId] = useState<string | null>(null);
  const [isStarting, setStarting] = useState(false);
  const [words, setWords] = useState('');

  const start = async () => {
    if (isStarting) return;
    setStarting(true);
    setWords('');
    try {
      const { id: started } = await client.post<Pick<Run, 'id'>>('runs', { scope });
      setWords('The run begins.');
      setId(started);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'key' || failure.kind === 'sign-in') onRefused(failure);
      else setWords(refusalWords(failure));
      if (failure.runId !== null) setId(failure.runId);
    } finally {
      setStarting(false);
    }
  };

  useEffect(() => {
    if (id === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // One question at a time: an answer that comes late must not follow a newer one.
    const look = async () => {
      try {
        const run = await client.get<Run>(`runs/${encodeURIComponent(id)}`, { scope }, abort.signal);
        if (abort.signal.aborted) return;
        setWords(progressWords(run));
        if (run.status !== 'running') {
          setId(null);
          return refresh();
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        setWords(`How far the run is, is not known. ${failureOf(error).message}`);
      }
      timer = setTimeout(() => void look(), LOOK_EVERY_MS);
    };
    void look();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id, client, scope, refresh]);

  return (
    <div class="run-now">
      <button id="run-now" type="button" class="main" aria-disabled={isStarting} onClick={() => void start()}>
        Run now
      </button>
      {/* Its beginning and its end are read aloud, and not each step. */}
      <p role="status" aria-live={id === null ? 'polite' : 'off'}>
        {words}
      </p>
    </div>
  );
}

function failureOf(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure('unreachable', String(error));
}
