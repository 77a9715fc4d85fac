import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { ERROR_CODES } from '../contracts/errors.ts';
import type { NasStudyResult, StudyView } from '../contracts/nas-search.ts';
import type { NasStudyInput, RungJob, StudyEnd, StudyInput } from '../contracts/nas-study.ts';
import { handleStudyMessages, type EditableStudy } from './nas-study-messages.ts';
import { StudyRecorder } from './nas-study-recorder.ts';
import { Planner } from './nas-study-planner.ts';
import { Trials } from './nas-study-trials.ts';

/**
 * Keeps the trials of a search in flight. The planner decides what is next; this passes on what happens, one call of the planner at a
 * time, and holds no more of the study than what is to be launched, so that its history is bounded at any number of trials.
 */
export async function nasStudy(input: NasStudyInput): Promise<NasStudyResult> {
  const study = new StudyRun(input);
  handleStudyMessages(study);
  try {
    return await study.run();
  } catch (error) {
    if (isCancellation(error)) await study.settle();
    throw error;
  }
}

class StudyRun implements EditableStudy {
  paused: boolean;
  halting = false;
  ended = false;
  readonly checksParams: boolean;
  readonly #input: NasStudyInput;
  readonly #planner: Planner;
  readonly #recorder: StudyRecorder;
  readonly #trials: Trials;
  readonly #inbox: StudyInput[];
  readonly #queue: RungJob[];
  readonly #deadline: string | null;
  #view: StudyView;
  #end: StudyEnd | null = null;
  /** Calls of the planner that are over. */
  #calls = 0;

  constructor(input: NasStudyInput) {
    const { run, carried } = input;
    const { budget, parallel } = run.search;
    this.#input = input;
    this.checksParams = run.search.engine !== 'noop';
    this.#recorder = new StudyRecorder(run);
    this.#planner = new Planner(run, carried?.seq ?? null);
    this.#trials = new Trials(input, (finished) => this.#inbox.push(finished));
    this.#inbox = carried ? [] : [{ type: 'open' }];
    this.#queue = [...(carried?.queue ?? [])];
    this.paused = carried?.paused ?? false;
    this.#deadline = carried ? carried.deadline : deadlineOf(budget.max_time_s);
    this.#view = carried?.view ?? emptyView(run.search_id, { parallel, max_trials: budget.max_trials });
  }

  get view(): StudyView {
    return this.paused && this.#view.status !== 'done' ? { ...this.#view, status: 'paused' } : this.#view;
  }

  /** Passes an edit to the planner; resolves when it has taken it, and is refused when the study ends before. */
  async edit(input: StudyInput): Promise<StudyView> {
    this.#inbox.push(input);
    const due = this.#calls + (this.#planner.busy ? 2 : 1);
    await condition(() => this.#calls >= due || this.ended);
    if (this.#calls < due) throw ApplicationFailure.nonRetryable('the study has ended meanwhile', ERROR_CODES.REFUSED);
    return this.view;
  }

  async run(): Promise<NasStudyResult> {
    const clock = new CancellationScope();
    if (this.#deadline !== null) void clock.run(() => this.#watchClock(this.#deadline ?? '')).catch(() => undefined);
    while (!this.#end) {
      if (this.#inbox.length > 0) await this.#plan();
      else if (this.#drained) return this.#leave();
      else {
        this.#launch();
        await condition(() => this.#inbox.length > 0 || this.#canLaunch() || this.#drained);
      }
    }
    this.ended = true;
    clock.cancel();
    await this.#trials.cancelAll();
    return this.#finish(this.#end);
  }

  /** After a cancel: waits until the trials, cancelled with the study, have closed. */
  async settle(): Promise<void> {
    this.ended = true;
    await CancellationScope.nonCancellable(async () => {
      await this.#trials.cancelAll();
      await this.#recorder.settled();
      await condition(allHandlersFinished);
    });
  }

  async #plan(): Promise<void> {
    const inputs = this.#inbox.splice(0);
    const { launch, view, end, recorded } = await this.#planner.advance(inputs);
    this.#calls += 1;
    this.#queue.push(...launch);
    this.#view = view;
    this.#end = end;
    if (!recorded) this.#recorder.catchUp();
    setCurrentDetails(detailsOf(this.view));
  }

  #canLaunch(): boolean {
    return !this.paused && !this.#draining && this.#queue.length > 0 && this.#trials.running < this.#view.parallel;
  }

  #launch(): void {
    while (this.#canLaunch()) {
      const job = this.#queue.shift();
      if (job) this.#trials.launch(job);
    }
  }

  /** Nothing new is launched: the study halts, or continues as new, once what is under way is done. */
  get #draining(): boolean {
    return this.halting || workflowInfo().continueAsNewSuggested;
  }

  /** Edits are waited for here and not in `#leave`: one that came last still needs the planner. */
  get #drained(): boolean {
    return this.#draining && this.#trials.running === 0 && !this.#recorder.busy && allHandlersFinished();
  }

  #leave(): Promise<never> {
    if (this.halting) throw ApplicationFailure.nonRetryable('the study was halted; recover its search to go on', ERROR_CODES.SAGA_HALTED);
    const carried = { seq: this.#planner.seq, queue: this.#queue, view: this.#view, paused: this.paused, deadline: this.#deadline };
    return continueAsNew<typeof nasStudy>({ ...this.#input, carried });
  }

  async #finish(end: StudyEnd): Promise<NasStudyResult> {
    await this.#recorder.settled();
    await condition(allHandlersFinished);
    if (end.status === 'failed') throw ApplicationFailure.nonRetryable(end.error.message, end.error.code);
    return end.result;
  }

  async #watchClock(deadline: string): Promise<void> {
    await sleep(Math.max(1, Date.parse(deadline) - Date.now()), { summary: 'max_time' });
    this.#inbox.push({ type: 'stop', reason: 'max_time' });
  }
}

function deadlineOf(maxTimeS: number | undefined): string | null {
  return maxTimeS === undefined ? null : new Date(Date.now() + maxTimeS * 1000).toISOString();
}

function emptyView(search_id: string, { parallel, max_trials }: { readonly parallel: number; readonly max_trials: number }): StudyView {
  const trials = { started: 0, completed: 0, pruned: 0, failed: 0, cancelled: 0, running: 0, waiting: 0 };
  return { search_id, status: 'running', parallel, max_trials, trials, best: null, epochs_trained: 0 };
}

function detailsOf({ status, trials, max_trials, best }: StudyView): string {
  const so_far = best ? `best ${best.value.toFixed(4)} (trial ${best.number})` : 'no result yet';
  return `**${status}**: ${trials.started} of ${max_trials} trials started, ${trials.running} running, ${trials.failed} failed; ${so_far}`;
}
