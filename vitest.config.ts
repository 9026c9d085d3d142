import { defineConfig } from 'vitest/config';

// Two tiers: *.test.ts runs in `npm test`; *.all.test.ts (Python peers, other Nodes, long fuzzing) only in `npm run test:all`.
const all = process.env.NETLOOP_TEST === 'all';

export default defineConfig({
  test: {
    include: all ? ['test/**/*.all.test.ts'] : ['test/**/*.test.ts'],
    exclude: all ? [] : ['test/**/*.all.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    retry: process.env.CI ? 1 : 0, // real servers on a busy machine: a second try counts, and CI's last lines name who needed one
  },
});
