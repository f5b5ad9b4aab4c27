import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests wait for processes of their own, not for a processor.
    maxWorkers: 4,
    // A machine may be busy: what hangs is found a little later.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
