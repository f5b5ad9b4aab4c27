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
    const look = async () => {
      try {
        const run = await client.get<Run>(`runs/${encodeURIComponent(id)}`, { scope }, abort.signal);
        setWords(progressWords(run));
        if (run.status !== 'running') {
          setId(null);
          refresh();
        }
      } catch (error) {
        if (!abort.signal.aborted) setWords(`How far the run is, is not known. ${failureOf(error).message}`);
      }
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [id, client, scope, refresh]);

  return (
    <div class="run-now">
      <button id="run-now" type="button" class="main" disabled={isStarting} onClick={() => void start()}>
        Run now
      </button>
      <p role="status">{words}</p>
    </div>
  );
}

function failureOf(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure('unreachable', String(error));
}
