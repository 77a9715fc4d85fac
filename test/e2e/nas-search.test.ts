import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Leaderboard } from '../../src/client/index.ts';
import type { SagaRun } from '../../src/contracts/ledger.ts';
import type { NasSearchResult, StudyView } from '../../src/contracts/nas-search.ts';
import { startDev, type DevStack } from '../support/cli.ts';
import { closed } from '../support/training.ts';
import { until } from '../support/until.ts';

const SPACE = {
  depth: { type: 'int', low: 1, high: 3 },
  width: { type: 'categorical', choices: [8, 24, 72] },
  activation: { type: 'categorical', choices: ['relu', 'tanh'] },
  learning_rate: { type: 'float', low: 0.0005, high: 0.03, log: true },
  batch_size: { type: 'categorical', choices: [32, 128] },
};
const SEARCH = { dataset_id: 'digits', objective: 'accuracy', epochs: 9, seed: 3, search_space: SPACE, budget: { max_trials: 12 } };
/** Trials that come to no end of the search by themselves. */
const ENDLESS = { ...SEARCH, budget: { max_trials: 1000 } };

let stack: DevStack;
beforeAll(async () => void (stack = await startDev()));
afterAll(() => stack.stop());

const start = (id: string, ...flags: readonly string[]): string[] => ['start', 'nas-search', '--input', '-', '--id', id, ...flags];

describe('a search on the digits', () => {
  let run: SagaRun;
  let result: NasSearchResult;
  beforeAll(async () => {
    run = await stack.ask<SagaRun>(start('first', '--wait', '-o', 'json'), { input: JSON.stringify(SEARCH) });
    result = run.result as unknown as NasSearchResult;
  });

  it('ends with the best network: what it found, how well it does on the test images, and a model to use', async () => {
    expect(run.status).toBe('completed');
    expect(result).toMatchObject({ run_id: 'first', stopped_by: 'max_trials', trials: { started: 12, failed: 0 }, model_id: 'first' });
    expect(result.test_accuracy).toBeGreaterThan(0.9);
    expect(await stack.ask(['models', 'show', 'first'])).toMatchObject({ id: 'first', sha256: result.model_sha256, uri: result.model_uri });
  });

  it('has a leaderboard, the best first, that agrees with its result, also as a table for other programs', async () => {
    const board = await stack.ask<Leaderboard>(['leaderboard', 'first', '-o', 'json']);
    expect(board.trials).toHaveLength(12);
    const { number, value, epochs, params } = board.trials[0] ?? {};
    expect({ number, value, epochs, params }).toEqual({
      number: result.best.number,
      value: result.best.value,
      epochs: 9,
      params: result.best.params,
    });
    expect(board.best_so_far.length).toBeGreaterThan(0);
    const { stdout } = await stack.cli(['leaderboard', 'first', '--csv', '-']);
    expect(stdout.trim().split('\n')).toHaveLength(13);
  });

  it('told of its start, then of its trials, then of its end', async () => {
    const said = await stack.cli(['events', 'tail', '--topic', 'cerebros.**', '--from', '1', '-o', 'jsonl']);
    const types = said.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly type: string }).type);
    const own = types.filter((type) => type.startsWith('cerebros.nas.') || type.startsWith('cerebros.trial.'));
    expect([own[0], own[1], own.at(-1)]).toEqual(['cerebros.nas.run.started', 'cerebros.trial.started', 'cerebros.nas.run.completed']);
    expect(own.filter((type) => type === 'cerebros.trial.started')).toHaveLength(12);
    expect(own.filter((type) => type === 'cerebros.trial.completed')).toHaveLength(result.trials.completed);
    expect(own.filter((type) => type.startsWith('cerebros.nas.'))).toHaveLength(2);
  });

  it('is in a ledger that agrees with Temporal', async () => {
    expect(await stack.ask(['ledger', 'verify'])).toMatchObject({ agrees: true, counts: { ok: 2 } });
  });
});

describe('a search under way', () => {
  it('is changed by the commands of study, and stopped with the best so far', async () => {
    await stack.ask(start('edited'), { input: JSON.stringify(ENDLESS) });
    const valued = async (): Promise<boolean> =>
      (await stack.sql`select 1 from trials where run = 'edited' and value is not null`).length > 1;
    await until(valued, 30_000, 'trials with a value');
    const params = { depth: 1, width: 24, learning_rate: 0.0123, batch_size: 32 };
    expect(await stack.ask<StudyView>(['study', 'extend', 'edited', '--max-trials', '900'])).toMatchObject({
      max_trials: 900,
      status: 'running',
    });
    expect(await stack.ask<StudyView>(['study', 'parallel', 'edited', '1'])).toMatchObject({ parallel: 1 });
    await stack.ask<StudyView>(['study', 'enqueue', 'edited', '--params', '-'], { input: JSON.stringify(params) });
    const tried = async (): Promise<boolean> =>
      (await stack.sql`select 1 from trials where params @> ${JSON.stringify(params)}::text::jsonb`).length === 1;
    await until(tried, 30_000, 'the configuration that was enqueued');
    const view = await stack.ask<StudyView>(['study', 'stop', 'edited']);
    expect(view.status).toBe('done');
    expect((await closed(stack, 'edited')).result).toMatchObject({ stopped_by: 'stopped', best: view.best });
    const refused = await stack.cli(['study', 'stop', 'edited']);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('completed');
  });
});

describe.concurrent('an input that cannot be searched', () => {
  const width = { type: 'int', low: 8, high: 64 };
  it.each([
    {
      what: 'an unknown operation',
      input: { ...SEARCH, search_space: { op: { type: 'categorical', choices: ['dense', 'lstm'] } } },
      says: 'search_space.op.choices[1]: expected one of dense, conv, got "lstm"',
    },
    { what: 'an empty space', input: { ...SEARCH, search_space: {} }, says: 'search_space: expected 1 to 100 parameters, got 0' },
    {
      what: 'no trials',
      input: { ...SEARCH, budget: { max_trials: 0 } },
      says: 'budget.max_trials: expected a whole number from 1 to 10000, got 0; give the number of trials to start in all',
    },
    {
      what: 'a condition on a missing parameter',
      input: { ...SEARCH, search_space: { width, kernel: { type: 'categorical', choices: [3], when: { op: 'conv' } } } },
      says: 'search_space.kernel.when.op: expected an earlier parameter (width), got "op"',
    },
  ])('is refused with exit 2, its path and the cure: $what', async ({ input, says }) => {
    const { code, stdout, stderr } = await stack.cli(start('bad'), { input: JSON.stringify(input) });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect((JSON.parse(stderr) as { readonly error: { readonly message: string } }).error.message).toContain(says);
    expect(await stack.sql`select id from saga_runs where id = 'bad'`).toEqual([]);
  });
});
