import type { NasSearchInput } from '../../src/contracts/nas-search.ts';
import type { RungJob, RungOutcome, StudyEnd, StudyInput } from '../../src/contracts/nas-study.ts';
import type { Params, SearchSpace } from '../../src/contracts/search-space.ts';
import { StudyPlanner, type Advanced, type ModelSize } from '../../src/search/study-planner.ts';
import type { StudyTrial } from '../../src/search/study-trial.ts';

// Words that the tests of the planner are written in.

export const SPACE: SearchSpace = {
  depth: { type: 'int', low: 1, high: 3 },
  width: { type: 'categorical', choices: [8, 24, 72] },
  learning_rate: { type: 'float', low: 0.0005, high: 0.03, log: true },
};

/** A search of 12 trials, up to 9 epochs each, two at a time; with changes. */
export function searchOf(changes: Partial<NasSearchInput> = {}): NasSearchInput {
  return {
    dataset_id: 'digits',
    objective: 'accuracy',
    search_space: SPACE,
    budget: { max_trials: 12 },
    epochs: 9,
    sampler: { name: 'evolution' },
    scheduler: { name: 'asha', min_epochs: 1, reduction: 3 },
    parallel: 2,
    parallel_mode: 'deterministic',
    seed: 3,
    engine: 'typescript',
    constraints: { max_params: 5_000_000 },
    max_worker_losses: 3,
    enqueue: [],
    ...changes,
  };
}

/** A model's cost and size from its depth and width: the largest costs 11 times the smallest. */
export function sizeOf({ depth = 1, width = 8 }: Params): ModelSize {
  const cost = Number(depth) * Number(width) + 12;
  return { param_count: cost * 100, cost };
}

/** A value in (0, 1): better for a middling learning rate and a wide network, and with more epochs. */
export function valueOf(params: Params, epochs: number): number {
  const distance = Math.abs(Math.log(Number(params['learning_rate'] ?? 1)) - Math.log(0.005)) / 5;
  const width = Number(params['width'] ?? 8) / 72;
  return (0.2 + 0.5 * Math.max(0, 1 - distance) + 0.2 * width) * (1 - 0.5 ** epochs);
}

export function plannerOf(search: NasSearchInput, sizes: (params: Params) => ModelSize | null = sizeOf): StudyPlanner {
  return new StudyPlanner({ search_id: 'study', search, sizeOf: sizes });
}

/** A rung that came to a value. */
export function done({ number, params, to_epoch }: Pick<RungJob, 'number' | 'params' | 'to_epoch'>, value?: number): RungOutcome {
  const sha256 = `weights of ${number} after ${to_epoch}`;
  return {
    status: 'done',
    rung: {
      engine: 'test',
      params,
      seed: 0,
      checkpoint: { file: `epoch-${to_epoch}.ckpt`, sha256, epoch: to_epoch },
      epochs: [],
      value: value ?? valueOf(params, to_epoch),
      param_count: sizeOf(params).param_count,
      weights_sha256: sha256,
      model: null,
    },
  };
}

export const FAILED: RungOutcome = { status: 'failed', error: { code: 'TRAINING_DIVERGED', message: 'the loss became NaN' } };

export function finished(job: RungJob, outcome: RungOutcome = done(job)): StudyInput {
  return { type: 'finished', number: job.number, to_epoch: job.to_epoch, outcome };
}

/** One call of the planner, as its file keeps it. */
export interface Call extends Pick<Advanced, 'proposals'> {
  readonly now: string;
  readonly inputs: readonly StudyInput[];
}

export interface Played {
  readonly planner: StudyPlanner;
  /** Rungs in order of decision. */
  readonly launched: readonly RungJob[];
  readonly calls: readonly Call[];
}

export interface Play {
  /** Numbers in [0, 1): which of the rungs under way is done next, and how many come at once. Default: the oldest, one by one. */
  readonly random?: () => number;
  readonly outcomeOf?: (job: RungJob) => RungOutcome;
  /** Looks at the planner after each call. */
  readonly onCall?: (planner: StudyPlanner, launched: readonly RungJob[]) => void;
}

/** Plays a study to its end. Throws when it does not come to one. */
export function play(search: NasSearchInput, { random = () => 0, outcomeOf = done, onCall }: Play = {}): Played {
  const planner = plannerOf(search);
  const launched: RungJob[] = [];
  const calls: Call[] = [];
  const underWay: RungJob[] = [];
  let inputs: StudyInput[] = [{ type: 'open' }];
  for (let turn = 0; turn < 10_000; turn += 1) {
    const now = new Date(turn * 1000).toISOString();
    const { launch, proposals } = planner.advance(inputs, { now });
    calls.push({ now, inputs, proposals });
    launched.push(...launch);
    underWay.push(...launch);
    onCall?.(planner, launched);
    if (planner.end) return { planner, launched, calls };
    const count = 1 + Math.floor(random() * random() * underWay.length);
    const taken = Array.from({ length: count }, () => underWay.splice(Math.floor(random() * underWay.length), 1)).flat();
    inputs = taken.map((job) => finished(job, outcomeOf(job)));
  }
  throw new Error(`the study did not end: ${JSON.stringify(planner.view)}`);
}

/** All that a study came to, but for the times. */
export function findings({ planner, launched }: Pick<Played, 'planner' | 'launched'>): {
  readonly launched: unknown;
  readonly trials: unknown;
  readonly end: StudyEnd | null;
} {
  return { launched, trials: planner.trials.map(withoutTimes), end: planner.end };
}

function withoutTimes({ started_at: _started, completed_at: _completed, ...trial }: StudyTrial): object {
  return trial;
}
