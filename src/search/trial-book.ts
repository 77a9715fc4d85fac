import type { BestTrial, TrialCounts, TrialError, TrialEvent } from '../contracts/nas-search.ts';
import type { TrainRungResult } from '../contracts/train-rung.ts';
import { bestTrial } from './best-trial.ts';
import type { StudyTrial } from './study-trial.ts';
import type { NextRung } from './study.ts';

/** An event of a trial, before it is given an id. */
export type TrialNews = Pick<TrialEvent, 'what' | 'data'>;

/** The trials of a study with what follows from them, and what changed since it was last asked. */
export class TrialBook {
  readonly trials: StudyTrial[] = [];
  epochsTrained = 0;
  /** Trials with a first result, or failed, since the best changed. */
  sinceBest = 0;
  best: BestTrial | null = null;
  readonly #fullEpochs: number;
  #changed = new Set<StudyTrial>();
  #news: TrialNews[] = [];

  /** `fullEpochs` are those of a full training. */
  constructor(fullEpochs: number) {
    this.#fullEpochs = fullEpochs;
  }

  trial(number: number): StudyTrial {
    const trial = this.trials[number];
    if (!trial) throw new Error(`expected a trial of this study, got number ${number}`);
    return trial;
  }

  /** A rung was decided on: of a new trial, or of one that goes on. */
  start({ number, params, to_epochs }: NextRung, { param_count, now }: { readonly param_count: number; readonly now: string }): StudyTrial {
    const known = this.trials[number];
    const trial = known ?? newTrial({ number, params, param_count, started_at: now });
    this.trials[number] = trial;
    Object.assign(trial, { status: 'running', outstanding_to: to_epochs });
    this.#tell(known ? 'promoted' : 'started', trial);
    return trial;
  }

  succeed(trial: StudyTrial, { rung, now }: { readonly rung: TrainRungResult; readonly now: string }): void {
    const first = trial.rungs.length === 0;
    const { checkpoint, weights_sha256, param_count, engine, value } = rung;
    this.epochsTrained += checkpoint.epoch - (trial.rungs.at(-1)?.epochs ?? 0);
    trial.rungs.push({ epochs: checkpoint.epoch, value });
    const full = checkpoint.epoch >= this.#fullEpochs;
    const state = full ? { status: 'completed', completed_at: now } : { status: 'waiting' };
    Object.assign(trial, { outstanding_to: null, checkpoint, weights_sha256, param_count, engine, ...state });
    this.#tell(full ? 'completed' : 'waiting', trial);
    this.#compare(first);
  }

  fail(trial: StudyTrial, { error, now }: { readonly error: TrialError; readonly now: string }): void {
    Object.assign(trial, { outstanding_to: null, status: 'failed', failed: true, error, completed_at: now });
    this.#tell('failed', trial);
    this.#compare(trial.rungs.length === 0);
  }

  /** The study is over: what is under way is given up, what waits for a promotion is not promoted. */
  close(now: string): void {
    for (const trial of this.trials) {
      if (trial.status !== 'running' && trial.status !== 'waiting') continue;
      const status = trial.rungs.length > 0 ? 'pruned' : 'cancelled';
      Object.assign(trial, { status, outstanding_to: null, completed_at: now });
      this.#tell(status, trial);
    }
  }

  count(status: StudyTrial['status']): number {
    return this.trials.reduce((count, trial) => count + Number(trial.status === status), 0);
  }

  get counts(): TrialCounts {
    const [completed, pruned, failed, cancelled] = [
      this.count('completed'),
      this.count('pruned'),
      this.count('failed'),
      this.count('cancelled'),
    ];
    return { started: this.trials.length, completed, pruned, failed, cancelled };
  }

  /** The first few reasons of failed trials, for a message. */
  get reasons(): string {
    const failed = this.trials.filter((trial) => trial.error).slice(0, 3);
    return (
      failed.map(({ number, error }) => `trial ${number}: ${error?.code}: ${error?.message.slice(0, 120)}`).join('; ') || 'none failed'
    );
  }

  /** What changed since the last call. */
  takeChanges(): { readonly changed: readonly StudyTrial[]; readonly news: readonly TrialNews[] } {
    const changes = { changed: [...this.#changed], news: this.#news };
    this.#changed = new Set();
    this.#news = [];
    return changes;
  }

  #tell(what: TrialNews['what'] | 'waiting', trial: StudyTrial): void {
    this.#changed.add(trial);
    if (what === 'waiting') return;
    const last = trial.rungs.at(-1);
    const data = { trial: trial.number, params: trial.params, value: last?.value ?? null, epochs: last?.epochs ?? 0 };
    this.#news.push({ what, data: trial.error ? { ...data, error: trial.error } : data });
  }

  #compare(first: boolean): void {
    const before = this.best;
    this.best = this.#bestNow();
    const changed = this.best !== null && (before === null || before.number !== this.best.number || this.best.value > before.value);
    this.sinceBest = changed ? 0 : this.sinceBest + Number(first);
  }

  #bestNow(): BestTrial | null {
    const best = bestTrial(this.trials);
    const last = best?.rungs.at(-1);
    if (!best || !last) return null;
    const { number, params, param_count } = this.trial(best.number);
    return { number, params, value: last.value, epochs: last.epochs, param_count };
  }
}

function newTrial(known: Pick<StudyTrial, 'number' | 'params' | 'param_count' | 'started_at'>): StudyTrial {
  return {
    ...known,
    status: 'running',
    rungs: [],
    outstanding_to: null,
    failed: false,
    checkpoint: null,
    weights_sha256: null,
    engine: null,
    error: null,
    completed_at: null,
  };
}
