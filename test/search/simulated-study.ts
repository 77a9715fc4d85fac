import { type NextRung, nextRung, type Params, type StudySpec, type TrialRecord } from '../../src/search/index.ts';
import { proposalStream } from '../../src/search/random-stream.ts';
import { everyKind } from './spaces.ts';

/** A study of the space with every kind of parameter: ASHA and evolution, 9 epochs, 30 trials. */
export const study: StudySpec = {
  space: everyKind,
  sampler: { name: 'evolution' },
  scheduler: { name: 'asha', min_epochs: 1, reduction: 3 },
  epochs: 9,
  seed: 1,
  max_trials: 30,
  enqueue: [],
};

/** How a simulated study runs. */
export interface Simulation {
  readonly study: StudySpec;
  /** Pieces under way at a time. */
  readonly parallel: number;
  /** Decides which piece is done first, and which trials fail. */
  readonly seed: number;
  /** Share of pieces that fail, 0 to 1. */
  readonly failing?: number;
  readonly value: (params: Params, epochs: number, number: number) => number;
}

/** Something that happened, and the trials as they were before it. */
export interface Decision {
  readonly before: readonly TrialRecord[];
  readonly next: NextRung;
}

/** Runs a study to its end: what was decided, in order, and the trials that it left. */
export function simulate({ study: spec, parallel, seed, failing = 0, value }: Simulation): {
  readonly decisions: readonly Decision[];
  readonly trials: readonly TrialRecord[];
} {
  const decisions: Decision[] = [];
  const random = proposalStream(seed, 0, 0);
  let trials: readonly TrialRecord[] = [];
  for (let turn = 0; turn < 10_000; turn++) {
    const running = trials.filter(({ outstanding_to }) => outstanding_to !== null);
    const next = running.length < parallel ? nextRung(spec, trials) : null;
    if (next === null && running.length === 0) return { decisions, trials };
    if (next !== null) decisions.push({ before: trials, next });
    const done = running[random.below(running.length)];
    if (next !== null) trials = started(trials, next);
    else if (done !== undefined) trials = ended(trials, done, random.unit() < failing ? null : value);
  }
  throw new Error('expected the study to end within 10,000 turns');
}

function started(trials: readonly TrialRecord[], { number, params, to_epochs }: NextRung): readonly TrialRecord[] {
  const trial = trials[number] ?? { number, params, rungs: [], outstanding_to: null, failed: false };
  return trials.toSpliced(number, 1, { ...trial, outstanding_to: to_epochs });
}

function ended(trials: readonly TrialRecord[], trial: TrialRecord, value: Simulation['value'] | null): readonly TrialRecord[] {
  const { number, params, rungs, outstanding_to } = trial;
  const epochs = outstanding_to ?? 0;
  const rung = value === null ? [] : [{ epochs, value: value(params, epochs, number) }];
  return trials.toSpliced(number, 1, { ...trial, rungs: [...rungs, ...rung], outstanding_to: null, failed: value === null });
}
