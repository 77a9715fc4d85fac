import { defineConfig } from 'vitest/config';

/** Native modules and child processes: forks, one file a process; two files at a time on two cores. */
const shared = {
  pool: 'forks' as const,
  maxWorkers: 2,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  globalSetup: ['test/support/global-setup.ts'],
};

export default defineConfig({
  test: {
    projects: [
      {
        test: { ...shared, name: 'main', include: ['test/**/*.test.ts'], exclude: ['test/**/*.long.test.ts', 'test/**/*.nightly.test.ts'] },
      },
      // One file at a time: crashes and outages are told by time, and two files would measure each other.
      { test: { ...shared, maxWorkers: 1, name: 'long', include: ['test/**/*.long.test.ts'], testTimeout: 600_000 } },
      { test: { ...shared, name: 'nightly', include: ['test/**/*.nightly.test.ts'], testTimeout: 3_600_000 } },
    ],
  },
});
