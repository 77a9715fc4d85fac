import { describe, expect, it } from 'vitest';
import type { Budget, NasSearchInput, StudyView } from '../../src/contracts/nas-search.ts';
import type { RungJob, RungOutcome, StudyEnd, StudyInput } from '../../src/contracts/nas-study.ts';
import type { Params } from '../../src/contracts/search-space.ts';
import { done, FAILED, finished, findings, play, plannerOf, searchOf, sizeOf, SPACE, type Play } from '../support/nas-planner.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const MODES = ['deterministic', 'async'] as const;

function endOf(
  search: NasSearchInput,
  options?: Play,
): { readonly end: StudyEnd | null; readonly view: StudyView; readonly values: readonly number[] } {
  const { planner } = play(search, options);
  return {
    end: planner.end,
    view: planner.view,
    values: planner.trials.flatMap((trial) => trial.rungs.slice(0, 1).map((rung) => rung.value)),
  };
}

/** A study without a scheduler, whose trials come to these values in order of their number. */
function valued(values: readonly number[], budget: Partial<Budget>, changes: Partial<NasSearchInput> = {}) {
  const search = searchOf({ epochs: 1, scheduler: { name: 'none', min_epochs: 1, reduction: 3 }, parallel: 1, ...changes });
  return endOf({ ...search, budget: { max_trials: 50, ...budget } }, { outcomeOf: (job) => done(job, values[job.number] ?? 0) });
}

function reasonOf(end: StudyEnd | null): string {
  return end?.status === 'done' ? end.result.stopped_by : `failed: ${end?.error.code}`;
}

describe.each(MODES)('a budget of a study that is %s', (parallel_mode) => {
  it.each([1, 2, 7, 12, 40])('starts exactly max_trials, failed ones included: %d', (max_trials) => {
    const failing = (job: RungJob): RungOutcome => (job.number % 4 === 2 ? FAILED : done(job));
    const { end, view } = endOf(searchOf({ parallel_mode, parallel: 3, budget: { max_trials } }), { outcomeOf: failing });
    expect(reasonOf(end)).toBe('max_trials');
    expect(view).toMatchObject({ status: 'done', trials: { started: max_trials, failed: Math.floor((max_trials + 1) / 4) } });
  });

  it('ends at a value that is good enough', () => {
    const { end, view } = valued([0.3, 0.5, 0.9, 0.95], { target: 0.9 }, { parallel_mode });
    expect(reasonOf(end)).toBe('target');
    expect(view.best).toMatchObject({ number: 2, value: 0.9 });
    expect(reasonOf(valued([0.3, 0.5, 0.8999], { target: 0.9 }, { parallel_mode }).end)).toBe('max_trials');
  });

  it('ends when so many trials in a row have not bettered the best', () => {
    const { end, values } = valued([0.3, 0.5, 0.4, 0.5, 0.6, 0.1, 0.2, 0.3, 0.9], { patience: 3 }, { parallel_mode });
    expect(reasonOf(end)).toBe('patience');
    expect(values).toEqual([0.3, 0.5, 0.4, 0.5, 0.6, 0.1, 0.2, 0.3]);
  });

  it('counts a failed trial as one that has bettered nothing', () => {
    const search = searchOf({ parallel_mode, epochs: 1, parallel: 1, scheduler: { name: 'none', min_epochs: 1, reduction: 3 } });
    const outcomes = (job: RungJob): RungOutcome => (job.number === 0 ? done(job, 0.5) : FAILED);
    const { end, view } = endOf({ ...search, budget: { max_trials: 50, patience: 3 } }, { outcomeOf: outcomes });
    expect(reasonOf(end)).toBe('patience');
    expect(view.trials.failed).toBe(3);
  });

  it('trains no more epochs than it is given, in all trials together', () => {
    const { planner, launched } = play(searchOf({ parallel_mode, budget: { max_trials: 50, max_epochs: 30 } }));
    const decided = launched.reduce((sum, { to_epoch, checkpoint }) => sum + to_epoch - (checkpoint?.epoch ?? 0), 0);
    expect(reasonOf(planner.end)).toBe('max_epochs');
    expect(decided).toBe(planner.view.epochs_trained);
    expect(decided).toBeLessThanOrEqual(30);
    expect(decided, 'the next rung would have been too much').toBeGreaterThan(30 - 9);
  });

  it('fails when more trials have failed than may, and says why they did', () => {
    const outcomes = (job: RungJob): RungOutcome => (job.number % 2 === 1 ? FAILED : done(job));
    const budget = { max_trials: 50, max_failed_trials: 2 };
    const { end, view } = endOf(searchOf({ parallel_mode, budget }), { outcomeOf: outcomes });
    expect(end).toMatchObject({ status: 'failed', error: { code: 'TOO_MANY_FAILED_TRIALS' } });
    expect(end).toHaveProperty('error.message', expect.stringContaining('trial 1: TRAINING_DIVERGED: the loss became NaN') as string);
    expect(view.trials.failed).toBe(3);
    expect(reasonOf(endOf(searchOf({ parallel_mode, budget: { max_trials: 4, max_failed_trials: 2 } }), { outcomeOf: outcomes }).end)).toBe(
      'max_trials',
    );
  });

  it('fails when no trial has come to a value', () => {
    const { end, view } = endOf(searchOf({ parallel_mode, budget: { max_trials: 5 } }), { outcomeOf: () => FAILED });
    expect(end).toMatchObject({ status: 'failed', error: { code: 'NO_TRIAL_COMPLETED' } });
    expect(view.trials).toMatchObject({ started: 5, failed: 5 });
  });

  it('ends when the space has no more', () => {
    const search_space = { width: { type: 'categorical', choices: [8, 24, 72] } } as const;
    const { end, view } = endOf(searchOf({ parallel_mode, search_space, sampler: { name: 'grid' }, budget: { max_trials: 12 } }));
    expect(reasonOf(end)).toBe('space_exhausted');
    expect(view.trials.started).toBe(3);
  });

  it.each(['stopped', 'max_time'] as const)(
    'ends at once when it is told to (%s), with the best so far, and gives up what is under way',
    (reason) => {
      const planner = plannerOf(searchOf({ parallel_mode, budget: { max_trials: 50 } }));
      const [first, ...others] = planner.advance([{ type: 'open' }], { now: NOW }).launch;
      planner.advance(finishedAll(first), { now: NOW });
      // In virtual time others may be first; they come too, so that something counts.
      planner.advance(finishedAll(...others.slice(0, 1)), { now: NOW });
      const { launch, news } = planner.advance([{ type: 'stop', reason }], { now: NOW });
      expect(launch).toEqual([]);
      expect(planner.end).toMatchObject({ status: 'done', result: { stopped_by: reason, best: planner.view.best } });
      expect(planner.outstanding).toEqual([]);
      expect(planner.view.trials).toMatchObject({ running: 0, waiting: 0 });
      expect(news.map(({ what }) => what).filter((what) => what === 'cancelled').length).toBe(planner.view.trials.cancelled);
      expect(
        planner.advance([finished({ number: 1, params: {}, checkpoint: null, to_epoch: 1 })], { now: NOW }),
        'what comes late',
      ).toEqual({
        launch: [],
        changed: [],
        news: [],
        proposals: [],
      });
    },
  );
});

function finishedAll(...jobs: readonly (RungJob | undefined)[]): StudyInput[] {
  return jobs.flatMap((job) => (job ? [finished(job)] : []));
}

/** Plays on after `edit` was taken following the n-th result. */
function edited(search: NasSearchInput, after: number, edit: StudyInput) {
  const planner = plannerOf(search);
  const launched: RungJob[] = [];
  const underWay: RungJob[] = [];
  const call = (inputs: readonly StudyInput[]): void => {
    const { launch } = planner.advance(inputs, { now: NOW });
    launched.push(...launch);
    underWay.push(...launch);
  };
  call([{ type: 'open' }]);
  for (let results = 0; !planner.end; results += 1) {
    if (results === after) call([edit]);
    const job = underWay.shift();
    if (job) call([finished(job)]);
    else call([]);
  }
  return { planner, launched };
}

describe.each(MODES)('a live edit of a study that is %s', (parallel_mode) => {
  it('extends a study by exactly so many trials, and shortens it', () => {
    const longer = edited(searchOf({ parallel_mode, budget: { max_trials: 5 } }), 2, { type: 'extend', max_trials: 21 });
    expect(longer.planner.view).toMatchObject({ max_trials: 21, trials: { started: 21 } });
    const shorter = edited(searchOf({ parallel_mode, budget: { max_trials: 50 } }), 2, { type: 'extend', max_trials: 9 });
    expect(shorter.planner.view).toMatchObject({ max_trials: 9, trials: { started: 9 } });
    expect([longer, shorter].map(({ planner }) => reasonOf(planner.end))).toEqual(['max_trials', 'max_trials']);
  });

  it('keeps more, or fewer, under way from then on', () => {
    const sizes: number[] = [];
    const planner = plannerOf(searchOf({ parallel_mode, budget: { max_trials: 40 } }));
    const look = (inputs: readonly StudyInput[]): void => {
      planner.advance(inputs, { now: NOW });
      sizes.push(planner.outstanding.length);
    };
    look([{ type: 'open' }]);
    look([{ type: 'parallel', parallel: 6 }]);
    look([{ type: 'parallel', parallel: 1 }]);
    for (let round = 0; round < 10; round += 1) look(finishedAll(planner.outstanding[0]));
    // In deterministic mode half as many again are decided on ahead.
    const ahead = parallel_mode === 'deterministic' ? [3, 9, 9] : [2, 6, 6];
    expect(sizes.slice(0, 3)).toEqual(ahead);
    expect(planner.view.parallel).toBe(1);
    expect(Math.max(...sizes.slice(-2)), 'no more are decided on until few enough are left').toBeLessThanOrEqual(
      parallel_mode === 'deterministic' ? 2 : 1,
    );
  });

  it('tries a configuration that was enqueued before the sampler is asked again, once', () => {
    const params = { depth: 1, width: 72, learning_rate: 0.0042 };
    const { planner, launched } = edited(searchOf({ parallel_mode }), 3, { type: 'enqueue', params });
    const firsts = launched.filter((job) => job.checkpoint === null);
    const before = play(searchOf({ parallel_mode })).launched;
    const at = firsts.findIndex((job) => isSame(job.params, params));
    expect(at, 'the next new trial after the edit').toBe(firsts.findIndex((job, idx) => !isSame(job.params, newTrial(before, idx))));
    expect(firsts.filter((job) => isSame(job.params, params))).toHaveLength(1);
    expect(planner.trials).toHaveLength(12);
  });
});

function isSame(one: Params | undefined, other: Params | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function newTrial(launched: readonly RungJob[], idx: number): Params | undefined {
  return launched.filter((job) => job.checkpoint === null)[idx]?.params;
}

describe('the configurations of a study', () => {
  it('begin with those that were enqueued from the start, in their order, and count as trials', () => {
    const enqueue = [0.001, 0.002, 0.003, 0.004].map((learning_rate) => ({ depth: 2, width: 8, learning_rate }));
    const { planner } = play(searchOf({ enqueue, budget: { max_trials: 6 } }));
    expect(planner.trials.map(({ params }) => params).slice(0, 4)).toEqual(enqueue);
    expect(planner.trials).toHaveLength(6);
    expect(play(searchOf({ enqueue, budget: { max_trials: 3 } })).planner.trials).toHaveLength(3);
  });

  it('are not over the bound on parameters, nor such that no model can be built', () => {
    const max_params = sizeOf({ depth: 2, width: 24 }).param_count;
    const { trials } = play(searchOf({ constraints: { max_params }, budget: { max_trials: 30 } })).planner;
    expect(Math.max(...trials.map((trial) => trial.param_count))).toBeLessThanOrEqual(max_params);
    const search = searchOf({ budget: { max_trials: 30 } });
    const planner = plannerOf(search, (params) => (params['width'] === 72 ? null : sizeOf(params)));
    for (let inputs: StudyInput[] = [{ type: 'open' }]; !planner.end; inputs = finishedAll(...planner.outstanding.slice(0, 1)))
      planner.advance(inputs, { now: NOW });
    expect(planner.trials.filter(({ params }) => params['width'] === 72)).toEqual([]);
  });

  it('are tried although they are too large when they were enqueued: the trial tells why it fails', () => {
    const huge = { depth: 3, width: 72, learning_rate: 0.001 };
    const search = searchOf({ enqueue: [huge], constraints: { max_params: sizeOf({ depth: 1, width: 8 }).param_count } });
    expect(play(search).planner.trials[0]).toMatchObject({ params: huge, param_count: sizeOf(huge).param_count });
  });

  it('come from the whole space', () => {
    const { trials } = play(searchOf({ sampler: { name: 'random' }, budget: { max_trials: 60 } })).planner;
    const seen = Object.keys(SPACE).map((name) => new Set(trials.map(({ params }) => params[name])).size);
    expect(seen).toEqual([3, 3, 60]);
  });
});

describe('the same study twice', () => {
  it('comes to the same', () => {
    expect(findings(play(searchOf()))).toEqual(findings(play(searchOf())));
  });
});
