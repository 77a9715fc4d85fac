import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestTrial, nextRung, rungLevels, type StudySpec, type TrialRecord } from '../../src/search/index.ts';
import { type Decision, type Simulation, simulate, study } from './simulated-study.ts';
import { eight, faultsOf, score } from './spaces.ts';

const learning: Simulation['value'] = (params, epochs) => score(params) - 1 / epochs;

function trial(number: number, changes: Partial<TrialRecord> = {}): TrialRecord {
  return { number, params: { depth: number }, rungs: [], outstanding_to: null, failed: false, ...changes };
}

/** A trial with values after 1, 3 and 9 epochs, as far as they are given. */
function valued(number: number, ...values: readonly number[]): TrialRecord {
  return trial(number, { rungs: values.map((value, rung) => ({ epochs: 3 ** rung, value })) });
}

const randomSimulation: fc.Arbitrary<Simulation> = fc.record({
  study: fc.record({
    space: fc.constant(study.space),
    sampler: fc.record({ name: fc.constantFrom('random', 'grid', 'tpe', 'evolution') }),
    scheduler: fc.record({
      name: fc.constantFrom('asha', 'asha', 'none'),
      min_epochs: fc.integer({ min: 1, max: 3 }),
      reduction: fc.integer({ min: 2, max: 4 }),
    }),
    epochs: fc.integer({ min: 1, max: 30 }),
    seed: fc.nat(),
    max_trials: fc.integer({ min: 1, max: 25 }),
    enqueue: fc.constant([]),
  }) as fc.Arbitrary<StudySpec>,
  parallel: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(),
  failing: fc.constantFrom(0, 0.2, 1),
  value: fc.constant(learning),
});

describe('a study', () => {
  it('starts exactly its trials, trains nothing twice, and ends with one trained in full unless all failed', () => {
    fc.assert(
      fc.property(randomSimulation, (simulation) => {
        const { decisions, trials } = simulate(simulation);
        expect(trials.length).toBe(simulation.study.max_trials);
        for (const decision of decisions) expectsNoEpochTwice(decision);
        for (const { params } of trials) expect(faultsOf(params)).toEqual([]);
        const full = trials.some(({ failed }) => !failed) ? simulation.study.epochs : undefined;
        expect(bestTrial(trials)?.rungs.at(-1)?.epochs).toBe(full);
      }),
      { numRuns: 150 },
    );
  });

  it('promotes only one of the best share of a rung, the highest rung first, and no failed trial', () => {
    fc.assert(
      fc.property(randomSimulation, (simulation) => {
        for (const decision of simulate(simulation).decisions) expectsRightPromotion(simulation.study, decision);
      }),
      { numRuns: 150 },
    );
  });

  it('decides the same for the same trials, and leaves them alone', () => {
    const simulation = { study, parallel: 3, seed: 2, failing: 0.1, value: learning };
    const { decisions } = simulate(simulation);
    expect(simulate(simulation).decisions).toEqual(decisions);
    for (const { before, next } of decisions) expect(nextRung(study, structuredClone(before))).toEqual(next);
  });
});

function expectsNoEpochTwice({ before, next }: Decision): void {
  const known = before[next.number];
  expect(next.from_epochs).toBe(known?.rungs.at(-1)?.epochs ?? 0);
  expect(next.to_epochs).toBeGreaterThan(next.from_epochs);
  expect(known?.outstanding_to ?? null).toBe(null);
  expect(next.number).toBe(known?.number ?? before.length);
  expect(next.params).toEqual(known?.params ?? next.params);
}

/** Judges a promotion by the definition, one trial at a time. */
function expectsRightPromotion({ scheduler, epochs, max_trials }: StudySpec, { before, next }: Decision): void {
  const levels = rungLevels(scheduler, epochs);
  const mayGoOn = levels.slice(0, -1).flatMap((level) => {
    const at = before.flatMap(({ number, rungs }) => rungs.filter((rung) => rung.epochs === level).map(({ value }) => ({ number, value })));
    return at.flatMap(({ number, value }) => {
      const better = at.filter((other) => other.value > value || (other.value === value && other.number < number)).length;
      const { failed, rungs, outstanding_to } = before[number] ?? trial(number);
      const stays = !failed && outstanding_to === null && rungs.at(-1)?.epochs === level;
      return stays && better < Math.floor(at.length / scheduler.reduction) ? [{ number, from_epochs: level, better }] : [];
    });
  });
  const [wanted] = mayGoOn.toSorted((a, b) => b.from_epochs - a.from_epochs || a.better - b.better);
  const last = bestTrial(before);
  const otherwise =
    before.length < max_trials
      ? { number: before.length, from_epochs: 0 }
      : { number: last?.number, from_epochs: last?.rungs.at(-1)?.epochs };
  expect(next).toMatchObject(wanted === undefined ? otherwise : { number: wanted.number, from_epochs: wanted.from_epochs });
  expect(levels).toContain(next.to_epochs);
}

describe('nextRung', () => {
  const nine: StudySpec = { ...study, max_trials: 9 };

  it('starts a trial at the first rung and promotes the best of three to the second', () => {
    expect(nextRung(nine, [])).toMatchObject({ number: 0, from_epochs: 0, to_epochs: 1 });
    expect(nextRung(nine, [valued(0, 0.5), valued(1, 0.7)])).toMatchObject({ number: 2, from_epochs: 0 });
    const three = [valued(0, 0.5), valued(1, 0.7), valued(2, 0.6)];
    expect(nextRung(nine, three)).toEqual({ number: 1, params: { depth: 1 }, from_epochs: 1, to_epochs: 3 });
    expect(nextRung(nine, three.toSpliced(1, 1, { ...valued(1, 0.7), outstanding_to: 3 }))).toMatchObject({ number: 3, from_epochs: 0 });
  });

  it('gives the first of equal values the promotion', () => {
    expect(nextRung(nine, [valued(0, 0.5), valued(1, 0.5), valued(2, 0.5)])).toMatchObject({ number: 0, to_epochs: 3 });
  });

  it('promotes from the highest rung first', () => {
    const upper = [valued(0, 0.9, 0.91), valued(1, 0.8, 0.92), valued(2, 0.7, 0.8)];
    const lower = Array.from({ length: 9 }, (_, index) => valued(3 + index, 0.6 - index / 100));
    // Of twelve in the first rung, number 3 is among the best third too.
    expect(nextRung({ ...nine, max_trials: 12 }, [...upper, ...lower])).toMatchObject({ number: 1, from_epochs: 3, to_epochs: 9 });
    const promoted = upper.toSpliced(1, 1, valued(1, 0.8, 0.92, 0.95));
    expect(nextRung({ ...nine, max_trials: 12 }, [...promoted, ...lower])).toMatchObject({ number: 3, from_epochs: 1, to_epochs: 3 });
  });

  it('leaves a failed trial behind, and its place at the top empty', () => {
    const failed = { ...valued(0, 0.9), failed: true };
    expect(nextRung(nine, [failed, valued(1, 0.8), valued(2, 0.7)])).toMatchObject({ number: 3 });
    expect(nextRung(nine, [failed, ...[1, 2, 3, 4, 5].map((number) => valued(number, 0.8 - number / 10))])).toMatchObject({ number: 1 });
  });

  it('brings the best to a full training when no trial may start, one rung after the other', () => {
    const two = { ...study, max_trials: 2 };
    expect(nextRung(two, [valued(0, 0.5), { ...valued(1, 0.6), outstanding_to: 3 }])).toBe(null);
    expect(nextRung(two, [valued(0, 0.5), valued(1, 0.6)])).toMatchObject({ number: 1, from_epochs: 1, to_epochs: 3 });
    expect(nextRung(two, [valued(0, 0.5), valued(1, 0.6, 0.4)])).toMatchObject({ number: 1, from_epochs: 3, to_epochs: 9 });
    expect(nextRung(two, [valued(0, 0.5), { ...valued(1, 0.6, 0.4), failed: true }])).toMatchObject({ number: 0, from_epochs: 1 });
    expect(nextRung(two, [valued(0, 0.5), trial(1, { failed: true, outstanding_to: 1 })])).toMatchObject({ number: 0, from_epochs: 1 });
    expect(nextRung(two, [valued(0, 0.5), valued(1, 0.6, 0.4, 0.7)])).toBe(null);
    expect(nextRung(two, [trial(0, { failed: true }), trial(1, { failed: true })])).toBe(null);
  });

  it('tries what is enqueued first, also when the sampler knows it', () => {
    const enqueue = [
      { act: 'tanh', op: 'dense' },
      { act: 'tanh', op: 'dense', other: 1 },
    ];
    const queued: StudySpec = { ...study, space: eight, sampler: { name: 'grid' }, enqueue, max_trials: 20 };
    const { trials } = simulate({ study: queued, parallel: 1, seed: 1, value: () => 0 });
    expect(trials.slice(0, 3).map(({ params }) => params)).toEqual([...enqueue, { act: 'relu', op: 'conv', kernel: 1 }]);
    // Seven of the eight configurations are left for the grid.
    expect(trials.length).toBe(9);
  });

  it('goes on from enqueued values that the space does not know', () => {
    for (const name of ['tpe', 'evolution', 'random'] as const) {
      const enqueue = Array.from({ length: 12 }, () => ({ depth: 99, width: 13, batch: 'all', op: 'pool', dropout: 7, lr: 0.01 }));
      const queued: StudySpec = { ...study, sampler: { name }, enqueue };
      const { trials } = simulate({ study: queued, parallel: 2, seed: 1, value: (_params, _epochs, number) => number });
      for (const { params } of trials.slice(12)) expect(faultsOf(params)).toEqual([]);
    }
  });

  it('trains every trial in full without a scheduler', () => {
    const full: StudySpec = { ...study, scheduler: { ...study.scheduler, name: 'none' } };
    const { decisions } = simulate({ study: full, parallel: 2, seed: 1, value: learning });
    expect(decisions.map(({ next }) => [next.from_epochs, next.to_epochs])).toEqual(Array.from({ length: 30 }, () => [0, 9]));
  });

  it('lets evolution learn from the longest training of each trial', () => {
    // Ten trials in a rung of their own: the one trained further must win every tournament it is in.
    const params = (index: number) => ({ a: index, b: index, c: index });
    const space = { a: int(), b: int(), c: int() };
    const ten = Array.from({ length: 10 }, (_, number) => ({ ...valued(number, 0.9 - number / 100), params: params(number) }));
    const further = ten.toSpliced(9, 1, { ...valued(9, 0.81, 0.1), params: params(9) });
    const parents = Array.from({ length: 200 }, (_, seed) => {
      const spec: StudySpec = { ...study, space, seed, scheduler: { ...study.scheduler, reduction: 100 } };
      const child = nextRung(spec, further)?.params ?? {};
      return further.findIndex(
        ({ params: { a, b, c } }) => [a === child['a'], b === child['b'], c === child['c']].filter(Boolean).length === 2,
      );
    });
    expect(parents.filter((parent) => parent === 9).length / parents.length).toBeCloseTo(0.3, 1);
  });
});

function int(): { readonly type: 'int'; readonly low: number; readonly high: number } {
  return { type: 'int', low: 0, high: 50 };
}

describe('bestTrial', () => {
  it('is the best of those trained furthest that have not failed, the first of equal ones', () => {
    expect(bestTrial([])).toBe(null);
    expect(bestTrial([trial(0)])).toBe(null);
    expect(bestTrial([valued(0, 0.9), valued(1, 0.5, 0.6), valued(2, 0.4, 0.6)])?.number).toBe(1);
    expect(bestTrial([valued(0, 0.9), { ...valued(1, 0.5, 0.6), failed: true }])?.number).toBe(0);
  });
});
