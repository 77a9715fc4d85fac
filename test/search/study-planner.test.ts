import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NasSearchInput } from '../../src/contracts/nas-search.ts';
import type { RungJob, RungOutcome } from '../../src/contracts/nas-study.ts';
import type { NextRung } from '../../src/search/index.ts';
import type { StudyPlanner } from '../../src/search/study-planner.ts';
import { done, FAILED, finished, findings, play, plannerOf, searchOf, type Played } from '../support/nas-planner.ts';
import { seeded } from '../support/seeded.ts';

const NOW = '2026-01-01T00:00:00.000Z';

/** A search of any kind, with any budget but the clock's. */
const anySearch: fc.Arbitrary<NasSearchInput> = fc
  .record({
    max_trials: fc.integer({ min: 1, max: 20 }),
    target: fc.constantFrom(undefined, undefined, 0.6),
    patience: fc.constantFrom(undefined, undefined, 4),
    max_epochs: fc.constantFrom(undefined, undefined, 25),
    epochs: fc.integer({ min: 1, max: 12 }),
    sampler: fc.constantFrom('random' as const, 'tpe' as const, 'evolution' as const),
    scheduler: fc.constantFrom('asha' as const, 'asha' as const, 'none' as const),
    parallel: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(),
  })
  .map(({ max_trials, target, patience, max_epochs, sampler, scheduler, ...search }) =>
    searchOf({
      ...search,
      budget: { max_trials, target, patience, max_epochs },
      sampler: { name: sampler },
      scheduler: { name: scheduler, min_epochs: 1, reduction: 3 },
    }),
  );

/** Fails about one rung in seven, whenever it comes. */
function sometimesFailing(job: RungJob): RungOutcome {
  return (job.number * 31 + job.to_epoch * 17) % 7 === 0 && job.number > 0 ? FAILED : done(job);
}

function playedAtRandom(search: NasSearchInput, arrivals: number): Played {
  return play(search, { random: seeded(arrivals), outcomeOf: sometimesFailing });
}

describe('a deterministic study', () => {
  it('decides the same in whatever order and company results come', () => {
    fc.assert(
      fc.property(anySearch, fc.nat(), (search, arrivals) => {
        const inOrder = play(search, { outcomeOf: sometimesFailing });
        expect(findings(playedAtRandom(search, arrivals))).toEqual(findings(inOrder));
      }),
      { numRuns: 150 },
    );
  });

  it('would not, if what comes first counted first: the test above would see it', () => {
    const search = searchOf({ parallel_mode: 'async', budget: { max_trials: 20 }, parallel: 3 });
    const outcomes = [1, 2, 3, 4].map((arrivals) => JSON.stringify(findings(playedAtRandom(search, arrivals))));
    expect(new Set(outcomes).size).toBe(4);
  });

  it('decides otherwise for another seed', () => {
    const [first, second] = [play(searchOf({ seed: 1 })), play(searchOf({ seed: 2 }))];
    expect(first.launched[0]?.params).not.toEqual(second.launched[0]?.params);
  });

  it('counts a result that came early only when its virtual time has come', () => {
    const planner = plannerOf(searchOf({ enqueue: [WIDE, NARROW] }));
    const { launch } = planner.advance([{ type: 'open' }], { now: NOW });
    const [wide, narrow] = [jobOf(launch, 0), jobOf(launch, 1)];
    planner.advance([finished(wide)], { now: NOW });
    expect(planner.trials[0]?.rungs).toEqual([]);
    planner.advance([finished(narrow)], { now: NOW });
    expect(planner.trials.slice(0, 2).map((trial) => trial.rungs.length)).toEqual([0, 1]);
  });
});

const WIDE = { depth: 3, width: 72, learning_rate: 0.005 };
const NARROW = { depth: 1, width: 8, learning_rate: 0.005 };

function jobOf(launch: readonly RungJob[], number: number): RungJob {
  const job = launch.find((each) => each.number === number);
  if (!job) throw new Error(`expected a rung of trial ${number}, got ${JSON.stringify(launch)}`);
  return job;
}

const anyMode = fc.record({ search: anySearch, mode: fc.constantFrom('deterministic' as const, 'async' as const), arrivals: fc.nat() });

describe('a study in any mode', () => {
  it('starts no trial too many, trains nothing twice, promotes nothing twice, and its counts add up after every call', () => {
    fc.assert(
      fc.property(anyMode, ({ search, mode, arrivals }) => {
        const played = play(
          { ...search, parallel_mode: mode },
          {
            random: seeded(arrivals),
            outcomeOf: sometimesFailing,
            onCall: (planner, launched) => {
              expectSums(planner);
              expectNothingTwice(launched);
            },
          },
        );
        expectEnd(played, search);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a study that is made again from its calls', () => {
  it('comes to the same state, without asking the sampler', () => {
    fc.assert(
      fc.property(anyMode, ({ search, mode, arrivals }) => {
        const played = playedAtRandom({ ...search, parallel_mode: mode }, arrivals);
        // Another sampler and seed: were it asked, it would answer something else.
        const again = plannerOf({ ...search, parallel_mode: mode, sampler: { name: 'grid' }, seed: search.seed + 1 });
        const launched = played.calls.flatMap((call) => again.advance(call.inputs, call).launch);
        expect(findings({ planner: again, launched })).toEqual(findings(played));
      }),
      { numRuns: 100 },
    );
  });

  it('goes on from any call on as if it had not been made anew', () => {
    const search = searchOf({ budget: { max_trials: 20 } });
    const { calls, planner } = play(search);
    for (const at of calls.keys()) {
      const again = plannerOf(search);
      for (const call of calls.slice(0, at)) again.advance(call.inputs, call);
      const undecided = calls.slice(at).map((call) => again.advance(call.inputs, { now: call.now }).proposals);
      expect(undecided, `from call ${at} on`).toEqual(calls.slice(at).map((call) => call.proposals));
      expect(again.trials).toEqual(planner.trials);
    }
  });

  it('is made again from ten thousand trials within seconds, because a worker that is started anew has half a minute', () => {
    const search = searchOf({
      epochs: 1,
      parallel: 8,
      budget: { max_trials: 10_000 },
      scheduler: { name: 'none', min_epochs: 1, reduction: 3 },
    });
    const rung = (number: number): NextRung => ({ number, params: { learning_rate: number / 1e6 }, from_epochs: 0, to_epochs: 1 });
    const planner = plannerOf(search);
    const began = performance.now();
    const underWay = [
      ...planner.advance([{ type: 'open' }], { now: NOW, proposals: Array.from({ length: 12 }, (_, number) => rung(number)) }).launch,
    ];
    for (let number = 12; !planner.end; number += 1) {
      const proposals = number < 10_000 ? [rung(number)] : [null];
      underWay.push(
        ...planner.advance(
          underWay.splice(0, 1).map((job) => finished(job)),
          { now: NOW, proposals },
        ).launch,
      );
    }
    expect(planner.view.trials.started).toBe(10_000);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('says what is still to be trained of what was decided: all whose results have not come, once each', () => {
    const planner = plannerOf(searchOf({ parallel: 3 }));
    const { launch } = planner.advance([{ type: 'open' }], { now: NOW });
    expect(planner.outstanding).toEqual(launch);
    const { launch: more } = planner.advance([finished(jobOf(launch, 1))], { now: NOW });
    expect(planner.outstanding).toEqual([...launch.filter((job) => job.number !== 1), ...more]);
  });

  it('passes over a result that came before, and one that nobody waits for', () => {
    const planner = plannerOf(searchOf());
    const first = jobOf(planner.advance([{ type: 'open' }], { now: NOW }).launch, 0);
    const told = [finished(first), finished(first, FAILED), finished({ ...first, to_epoch: 9 }), finished({ ...first, number: 99 })];
    const { news } = planner.advance(told, { now: NOW });
    expect(news.filter(({ what }) => what === 'failed')).toEqual([]);
    expect(planner.trials[0]?.status).not.toBe('failed');
    expectSums(planner);
  });
});

describe('an asynchronous study', () => {
  it('counts what comes at once, and has no more under way than there are slots', () => {
    const search = searchOf({ parallel_mode: 'async', parallel: 3, budget: { max_trials: 20 } });
    const uncounted: number[] = [];
    const played = play(search, {
      random: seeded(5),
      onCall: (planner, launched) => {
        expect(planner.outstanding.length).toBeLessThanOrEqual(3);
        const counted = planner.trials.reduce((sum, trial) => sum + trial.rungs.length, 0);
        uncounted.push(planner.end ? 0 : launched.length - planner.outstanding.length - counted);
      },
    });
    expect(played.planner.end?.status).toBe('done');
    expect(new Set(uncounted)).toEqual(new Set([0]));
  });
});

describe('what a study tells', () => {
  it('is each change of a trial once: started, promoted, and how it ended', () => {
    const planner = plannerOf(searchOf({ epochs: 3, budget: { max_trials: 6 } }));
    const told: string[] = [];
    const underWay: RungJob[] = [];
    const call = (inputs: Parameters<StudyPlanner['advance']>[0]): void => {
      const { launch, news, changed } = planner.advance(inputs, { now: NOW });
      told.push(...news.map(({ what, data }) => `${data.trial} ${what} ${data.epochs}`));
      expect(new Set(changed).size, 'each changed trial once').toBe(changed.length);
      for (const { data } of news) expect(changed.map(({ number }) => number)).toContain(data.trial);
      underWay.push(...launch);
    };
    call([{ type: 'open' }]);
    for (let job = underWay.shift(); job; job = underWay.shift()) call([finished(job, job.number === 2 ? FAILED : done(job))]);
    expect(planner.end?.status).toBe('done');
    expect(new Set(told).size, told.join(', ')).toBe(told.length);
    for (const { number, status, rungs } of planner.trials) {
      const own = told.filter((line) => line.startsWith(`${number} `));
      const promoted = status === 'completed' ? [`${number} promoted 1`] : [];
      expect(own).toEqual([`${number} started 0`, ...promoted, `${number} ${status} ${rungs.at(-1)?.epochs ?? 0}`]);
    }
    const reasons = planner.trials.filter(({ error }) => error !== null).map(({ number, error }) => [number, error]);
    expect(reasons).toEqual([[2, { code: 'TRAINING_DIVERGED', message: 'the loss became NaN' }]]);
  });
});

/** `started` is the sum of all states, and each trial is in one. */
function expectSums({ view, trials }: StudyPlanner): void {
  const { started, completed, pruned, failed, cancelled, running, waiting } = view.trials;
  expect(completed + pruned + failed + cancelled + running + waiting).toBe(started);
  expect(started).toBe(trials.length);
  expect(started).toBeLessThanOrEqual(view.max_trials);
  expect(view.epochs_trained).toBe(trials.reduce((sum, { rungs }) => sum + (rungs.at(-1)?.epochs ?? 0), 0));
}

/** Each rung goes on where the trial's last one ended, from its checkpoint. */
function expectNothingTwice(launched: readonly RungJob[]): void {
  const reached = new Map<number, number>();
  for (const { number, to_epoch, checkpoint } of launched) {
    const from = reached.get(number) ?? 0;
    expect(checkpoint?.epoch ?? 0, `trial ${number} goes on from epoch ${from}`).toBe(from);
    expect(to_epoch).toBeGreaterThan(from);
    reached.set(number, to_epoch);
  }
}

function expectEnd({ planner }: Played, { budget, epochs }: NasSearchInput): void {
  const { end, view, trials } = planner;
  const values = trials.filter((trial) => !trial.failed).flatMap(({ rungs }) => rungs.slice(-1));
  expect(view.trials).toMatchObject({ running: 0, waiting: 0 });
  expect(planner.outstanding).toEqual([]);
  expect(view.epochs_trained).toBeLessThanOrEqual(budget.max_epochs ?? Infinity);
  expect(end?.status, 'a study fails when no trial has a value').toBe(values.length > 0 ? 'done' : 'failed');
  const { stopped_by, best } = end?.status === 'done' ? end.result : { stopped_by: null, best: null };
  const exact = stopped_by === 'max_trials';
  expect([trials.length, best?.epochs]).toEqual(exact ? [budget.max_trials, epochs] : [trials.length, best?.epochs]);
  const furthest = Math.max(...values.map((rung) => rung.epochs));
  expect(best?.value ?? -Infinity).toBe(Math.max(...values.filter((rung) => rung.epochs === furthest).map((rung) => rung.value)));
}
