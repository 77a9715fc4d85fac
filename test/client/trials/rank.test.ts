import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestSoFar, rankTrials } from '../../../src/client/trials/rank.ts';
import type { TrialRow, TrialStatus } from '../../../src/contracts/nas-search.ts';
import { putTrialBatch } from '../../../src/ledger/queries/put-trial-batch.ts';
import { trialSummary } from '../../../src/ledger/queries/trial-summary.ts';
import { trial, trialBatch } from '../../ledger/trial-rows.ts';
import { withTestDatabase } from '../../support/postgres.ts';

const of = (number: number, status: TrialStatus, value: number | null, epochs: number): TrialRow =>
  trial('search', number, { status, value, epochs });

const SEARCH = [
  of(0, 'failed', null, 0),
  of(1, 'pruned', 0.97, 1),
  of(2, 'completed', 0.92, 3),
  of(3, 'running', null, 0),
  of(4, 'completed', 0.95, 3),
  of(5, 'waiting', 0.91, 1),
  of(6, 'completed', 0.95, 3),
  of(7, 'failed', 0.99, 1),
  of(8, 'cancelled', null, 0),
  of(9, 'running', 0.96, 1),
];

const rows = fc.array(
  fc.record({
    status: fc.constantFrom<TrialStatus>('running', 'waiting', 'completed', 'pruned', 'failed', 'cancelled'),
    value: fc.option(fc.constantFrom(0, 0.5, 0.5000001, 1)),
    epochs: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 12 },
);

describe('rankTrials', () => {
  it('puts longer trainings first, then higher values, then older trials, and what failed last', () => {
    const ranked = rankTrials(SEARCH.toReversed());
    expect(ranked.map(({ rank, number }) => [rank, number])).toEqual([
      [1, 4],
      [2, 6],
      [3, 2],
      [4, 1],
      [5, 9],
      [6, 5],
      [null, 3],
      [null, 8],
      [null, 0],
      [null, 7],
    ]);
  });

  it('gives rows without their search and their version', () => {
    expect(rankTrials([trial('search', 4)])).toEqual([
      {
        rank: 1,
        number: 4,
        params: { depth: 2, activation: 'relu' },
        status: 'completed',
        value: 0.9,
        epochs: 3,
        param_count: 101_770,
        weights_sha256: 'ab',
        engine: 'typescript',
        error: null,
        started_at: '2026-03-01T12:00:00.123Z',
        completed_at: '2026-03-01T12:00:00.123Z',
      },
    ]);
  });
});

describe('bestSoFar', () => {
  it('tells who leads after each trial that has a value', () => {
    expect(bestSoFar(SEARCH.toReversed()).map(({ number, best, value, epochs }) => [number, best, value, epochs])).toEqual([
      [1, 1, 0.97, 1],
      [2, 2, 0.92, 3],
      [4, 4, 0.95, 3],
      [5, 4, 0.95, 3],
      [6, 4, 0.95, 3],
      [9, 4, 0.95, 3],
    ]);
    expect(bestSoFar([])).toEqual([]);
  });

  it('ends with the first of the leaderboard, which the summary of the ledger names too', async () => {
    let searches = 0;
    await withTestDatabase(async (sql) => {
      await fc.assert(
        fc.asyncProperty(rows, async (drawn) => {
          const run = `search-${(searches += 1)}`;
          const trials = drawn.map((parts, number) => trial(run, number, parts));
          await putTrialBatch(sql, trialBatch({ trials }));
          const { best, counts } = await trialSummary(sql, run);
          const first = rankTrials(trials).find(({ rank }) => rank === 1);
          expect(bestSoFar(trials).at(-1)?.best).toBe(first?.number);
          expect(best?.number).toBe(first?.number);
          expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(trials.length);
        }),
        { numRuns: 100 },
      );
    });
  });
});
