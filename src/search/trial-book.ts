import type { BestTrial, TrialCounts, TrialError, TrialEvent, TrialStatus } from '../contracts/nas-search.ts';
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
  /** How many trials have each status: kept along, because a study is made again from thousands of calls. */
  readonly #counts: Record<TrialStatus, number> = { running: 0, waiting: 0, completed: 0, pruned: 0, failed: 0, cancelled: 0 };
  #leader: StudyTrial | null = null;
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
    if (!known) this.#counts.running += 1;
    this.trials[number] = trial;
    this.#set(trial, { status: 'running', outstanding_to: to_epochs });
    this.#tell(known ? 'promoted' : 'started', trial);
    return trial;
  }

  succeed(trial: StudyTrial, { rung, now }: { readonly rung: TrainRungResult; readonly now: string }): void {
    const first = trial.rungs.length === 0;
    const { checkpoint, weights_sha256, param_count, engine, value } = rung;
    this.epochsTrained += checkpoint.epoch - (trial.rungs.at(-1)?.epochs ?? 0);
    trial.rungs.push({ epochs: checkpoint.epoch, value });
    const full = checkpoint.epoch >= this.#fullEpochs;
    const state = full ? { status: 'completed' as const, completed_at: now } : { status: 'waiting' as const };
    this.#set(trial, { outstanding_to: null, checkpoint, weights_sha256, param_count, engine, ...state });
    this.#tell(full ? 'completed' : 'waiting', trial);
    this.#compare(trial, first);
  }

  fail(trial: StudyTrial, { error, now }: { readonly error: TrialError; readonly now: string }): void {
    this.#set(trial, { outstanding_to: null, status: 'failed', failed: true, error, completed_at: now });
    this.#tell('failed', trial);
    this.#compare(trial, trial.rungs.length === 0);
  }

  /** The study is over: what is under way is given up, what waits for a promotion is not promoted. */
  close(now: string): void {
    for (const trial of this.trials) {
      if (trial.status !== 'running' && trial.status !== 'waiting') continue;
      const status = trial.rungs.length > 0 ? 'pruned' : 'cancelled';
      this.#set(trial, { status, outstanding_to: null, completed_at: now });
      this.#tell(status, trial);
    }
  }

  count(status: TrialStatus): number {
    return this.#counts[status];
  }

  get counts(): TrialCounts {
    const { completed, pruned, failed, cancelled } = this.#counts;
    return { started: this.trials.length, completed, pruned, failed, cancelled };
  }

  /** The first few reasons of failed trials, for a message. */
  reasons(): string {
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

  #set(trial: StudyTrial, changes: Partial<StudyTrial>): void {
    this.#counts[trial.status] -= 1;
    Object.assign(trial, changes);
    this.#counts[trial.status] += 1;
  }

  #tell(what: TrialNews['what'] | 'waiting', trial: StudyTrial): void {
    this.#changed.add(trial);
    if (what === 'waiting') return;
    const last = trial.rungs.at(-1);
    const data = { trial: trial.number, params: trial.params, value: last?.value ?? null, epochs: last?.epochs ?? 0 };
    this.#news.push({ what, data: trial.error ? { ...data, error: trial.error } : data });
  }

  /** Only the trial that has come further can take the lead; all are looked at when the one that had it has failed. */
  #compare(trial: StudyTrial, first: boolean): void {
    const before = this.best;
    const { number } = bestTrial(this.#leader?.failed ? this.trials : [this.#leader ?? trial, trial]) ?? {};
    this.#leader = number === undefined ? null : this.trial(number);
    this.best = this.#leader && bestOf(this.#leader);
    const changed = this.best !== null && (before === null || before.number !== this.best.number || this.best.value > before.value);
    this.sinceBest = changed ? 0 : this.sinceBest + Number(first);
  }
}

function bestOf({ number, params, param_count, rungs }: StudyTrial): BestTrial {
  const { value, epochs } = rungs.at(-1) ?? { value: 0, epochs: 0 };
  return { number, params, value, epochs, param_count };
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
