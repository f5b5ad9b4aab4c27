// The runs since one, newest first, read in large pages: there may be ten thousand of them.
import type { Services } from '../services.ts';
import type { Run } from '../storage/runStore.ts';

/** Of the first page, which is enough as a rule, and of those after it. */
const FIRST_PAGE = 50;
const LARGE_PAGE = 1_000;

/** Runs with a number above `after`, newest first. Runs that retention has deleted are left out. */
export async function* runsSince(services: Services, after: number): AsyncGenerator<Run> {
  const { runs } = services.storage();
  for (let continuation: string | null = ''; continuation !== null; ) {
    const size = continuation === '' ? FIRST_PAGE : LARGE_PAGE;
    const page: Awaited<ReturnType<typeof runs.list>> = await runs.list(size, continuation);
    for (const run of page.items) {
      if (run.number <= after) return;
      yield run;
    }
    ({ continuation } = page);
  }
}
