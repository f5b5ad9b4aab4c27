// What a condition may take at most: one setting of the suite.

/**
 * It only limits what hangs: a wait ends as soon as its condition holds. It is longer than the two minutes after which a run
 * that lost its shards counts as dead, so that such a run fails one test and not those after it.
 */
export const PATIENCE_MS = Number(process.env.TEST_PATIENCE_SECONDS ?? 150) * 1_000;
