import { defineConfig } from 'vitest/config';
import { PATIENCE_MS } from './test/support/patience.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/checkAnswers.ts'],
    // Most tests wait for processes of their own, not for a processor.
    maxWorkers: 4,
    // A test waits for several conditions, each with its own limit: this one only ends what hangs.
    testTimeout: 3 * PATIENCE_MS,
    hookTimeout: 3 * PATIENCE_MS,
  },
});
