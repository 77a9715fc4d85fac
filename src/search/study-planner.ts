import type { NasSearchInput, StopReason, StudyView } from '../contracts/nas-search.ts';
import type { RungJob, RungOutcome, StudyEnd, StudyInput } from '../contracts/nas-study.ts';
import type { Params } from '../contracts/search-space.ts';
import { nextRung } from './next-rung.ts';
import type { StudyTrial } from './study-trial.ts';
import type { NextRung } from './study.ts';
import { TrialBook, type TrialNews } from './trial-book.ts';
import { VirtualSlots } from './virtual-slots.ts';

/** What a study is told of the model that a configuration makes. */
export interface ModelSize {
  /** Trainable parameters. */
  readonly param_count: number;
  /** Work of one epoch, in any unit: decides what counts as finished first in deterministic mode. */
  readonly cost: number;
}

export interface PlannerOptions {
  readonly search_id: string;
  readonly search: NasSearchInput;
  /** Null when no model can be built; such a configuration is not proposed as long as there are others. */
  sizeOf(params: Params): ModelSize | null;
}

/** One call of `advance`: its time, and the proposals of an earlier, identical call; the sampler is then not asked. */
export interface PlannerCall {
  readonly now: string;
  readonly proposals?: readonly (NextRung | null)[];
}

/** What came of one call of `advance`. */
export interface Advanced {
  /** Rungs to train now, in this order. */
  readonly launch: readonly RungJob[];
  /** Trials whose rows changed. */
  readonly changed: readonly StudyTrial[];
  readonly news: readonly TrialNews[];
  /** What the sampler and scheduler answered, in order; given back to `advance` it makes the same state without asking them. */
  readonly proposals: readonly (NextRung | null)[];
}

/**
 * A study without its durability: what to train next, given what came. In deterministic mode results count in the order of virtual
 * time, whatever order they come in, so the same seed makes the same decisions at any timing: `parallel` virtual slots train for as
 * long as the rung's epochs × the model's cost, and a few rungs more than there are slots are decided on ahead, so that a slot that is
 * free early has something to do.
 */
export class StudyPlanner {
  readonly #options: PlannerOptions;
  readonly #book: TrialBook;
  readonly #slots: VirtualSlots;
  /** Configurations to be tried before the sampler is asked again. */
  readonly #enqueued: Params[];
  #search: NasSearchInput;
  /** Why nothing more is proposed. */
  #stop: StopReason | null = null;
  #end: StudyEnd | null = null;
  // Of the call under way.
  #launch: RungJob[] = [];
  #proposals: (NextRung | null)[] = [];
  #ask: () => NextRung | null = () => null;
  #now = '';

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#search = options.search;
    this.#enqueued = [...options.search.enqueue];
    this.#slots = new VirtualSlots(options.search.parallel);
    this.#book = new TrialBook(options.search.epochs);
  }

  /** Takes inputs in order. */
  advance(inputs: readonly StudyInput[], { now, proposals }: PlannerCall): Advanced {
    const given = proposals?.[Symbol.iterator]();
    this.#ask = given ? () => given.next().value ?? null : () => this.#propose();
    this.#now = now;
    this.#launch = [];
    this.#proposals = [];
    for (const input of inputs) {
      if (this.#end) break;
      this.#take(input);
      this.#fill();
    }
    if (!this.#end && this.#slots.jobs.length === 0) this.#finish(this.#stop ?? this.#whyDrained());
    return { launch: this.#launch, ...this.#book.takeChanges(), proposals: this.#proposals };
  }

  get trials(): readonly StudyTrial[] {
    return this.#book.trials;
  }

  /** Rungs decided on whose results have not come: what a recovered study trains first. */
  get outstanding(): RungJob[] {
    return this.#slots.jobs.filter((job) => job.outcome === null).map((job) => this.#job(job.number, job.to_epoch));
  }

  /** Set when the study is over. */
  get end(): StudyEnd | null {
    return this.#end;
  }

  get view(): StudyView {
    const { parallel, budget } = this.#search;
    const { counts, best, epochsTrained } = this.#book;
    return {
      search_id: this.#options.search_id,
      status: this.#end ? 'done' : this.#stop ? 'draining' : 'running',
      parallel,
      max_trials: budget.max_trials,
      trials: { ...counts, running: this.#book.count('running'), waiting: this.#book.count('waiting') },
      best,
      epochs_trained: epochsTrained,
    };
  }

  #take(input: StudyInput): void {
    switch (input.type) {
      case 'open':
        return;
      case 'finished':
        return this.#arrived(input);
      case 'extend':
        this.#search = { ...this.#search, budget: { ...this.#search.budget, max_trials: input.max_trials } };
        return;
      case 'parallel':
        this.#search = { ...this.#search, parallel: input.parallel };
        return this.#slots.resize(input.parallel);
      case 'enqueue':
        this.#enqueued.push(input.params);
        return;
      case 'stop':
        return this.#finish(input.reason);
    }
  }

  /** A result has come: it counts at once, or when its virtual time has come. */
  #arrived({ number, to_epoch, outcome }: Extract<StudyInput, { type: 'finished' }>): void {
    const job = this.#slots.jobs.find((each) => each.number === number && each.to_epoch === to_epoch);
    if (!job || job.outcome) return;
    job.outcome = outcome;
    if (this.#search.parallel_mode === 'async') {
      this.#slots.remove(job);
      return this.#count(number, outcome);
    }
    for (let due = this.#slots.takeDue(); due?.outcome; due = this.#slots.takeDue()) {
      this.#count(due.number, due.outcome);
      // Decided on before a later result counts.
      this.#fill();
    }
  }

  #count(number: number, outcome: RungOutcome): void {
    const trial = this.#book.trial(number);
    if (outcome.status === 'failed') this.#book.fail(trial, { error: outcome.error, now: this.#now });
    else this.#book.succeed(trial, { rung: outcome.rung, now: this.#now });
    this.#checkBudget();
  }

  #checkBudget(): void {
    const { target, patience, max_failed_trials: maxFailed } = this.#search.budget;
    const { best, sinceBest } = this.#book;
    const failed = this.#book.count('failed');
    if (maxFailed !== undefined && failed > maxFailed)
      this.#fail(
        'TOO_MANY_FAILED_TRIALS',
        `expected at most ${maxFailed} failed trials (max_failed_trials), got ${failed}: ${this.#book.reasons()}`,
      );
    else if (target !== undefined && best && best.value >= target) this.#finish('target');
    else if (patience !== undefined && best && sinceBest >= patience) this.#finish('patience');
  }

  /** Decides on rungs until enough are outstanding, or there is nothing to decide. */
  #fill(): void {
    const { parallel, parallel_mode: mode } = this.#search;
    const ahead = mode === 'deterministic' ? Math.ceil(parallel / 2) : 0;
    while (!this.#end && !this.#stop && this.#slots.jobs.length < parallel + ahead) {
      const next = this.#ask();
      this.#proposals.push(next);
      if (!next) return;
      if (this.#overEpochs(next)) this.#stop = 'max_epochs';
      else this.#start(next);
    }
  }

  #overEpochs({ from_epochs, to_epochs }: NextRung): boolean {
    const { max_epochs } = this.#search.budget;
    const outstanding = this.#slots.jobs.reduce((sum, job) => sum + job.epochs, 0);
    return max_epochs !== undefined && this.#book.epochsTrained + outstanding + to_epochs - from_epochs > max_epochs;
  }

  #propose(): NextRung | null {
    const { search_space: space, sampler, scheduler, epochs, seed, budget, constraints } = this.#search;
    const feasible = (params: Params): boolean => (this.#options.sizeOf(params)?.param_count ?? Infinity) <= constraints.max_params;
    // The next trial takes the first configuration that waits, whatever its number.
    const enqueue: Params[] = [];
    if (this.#enqueued[0]) enqueue[this.trials.length] = this.#enqueued[0];
    const spec = { space, sampler, scheduler, epochs, seed, max_trials: budget.max_trials, enqueue, feasible };
    return nextRung(spec, this.trials);
  }

  #start(next: NextRung): void {
    const { param_count = 0, cost = 1 } = this.#options.sizeOf(next.params) ?? {};
    if (next.number === this.trials.length) this.#enqueued.shift();
    this.#book.start(next, { param_count, now: this.#now });
    const epochs = next.to_epochs - next.from_epochs;
    this.#slots.add({ number: next.number, to_epoch: next.to_epochs, epochs, cost: epochs * cost, outcome: null });
    this.#launch.push(this.#job(next.number, next.to_epochs));
  }

  #job(number: number, to_epoch: number): RungJob {
    const { params, checkpoint } = this.#book.trial(number);
    return { number, params, checkpoint, to_epoch };
  }

  #whyDrained(): StopReason {
    return this.trials.length >= this.#search.budget.max_trials ? 'max_trials' : 'space_exhausted';
  }

  #finish(reason: StopReason): void {
    const { best, trials, epochsTrained } = this.#book;
    if (!best)
      return this.#fail(
        'NO_TRIAL_COMPLETED',
        `expected at least one trial with a value, got ${trials.length} without: ${this.#book.reasons()}`,
      );
    this.#slots.clear();
    this.#book.close(this.#now);
    const result = { best, trials: this.#book.counts, stopped_by: reason, epochs_trained: epochsTrained };
    this.#end = { status: 'done', result };
  }

  #fail(code: string, message: string): void {
    this.#slots.clear();
    this.#book.close(this.#now);
    this.#end = { status: 'failed', error: { code, message } };
  }
}
