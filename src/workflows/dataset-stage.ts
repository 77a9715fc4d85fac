import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  TimeoutFailure,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { StageCounts } from '../contracts/dataset-build.ts';
import type { DatasetStageActivities, DatasetStageInput, OpenedStage } from '../contracts/dataset-stage.ts';
import { ERROR_CODES } from '../contracts/errors.ts';
import { jobHaltSignal, jobPauseSignal, jobResumeSignal, MESSAGE_DESCRIPTIONS } from '../contracts/messages.ts';
import { PROGRESS_MEMO } from '../contracts/progress.ts';
import { QUEUES } from '../contracts/queues.ts';
import { addCounts, NO_COUNTS } from '../contracts/stage-counts.ts';

/** Batches under way at a time, over all workers. */
const IN_FLIGHT = 4;

/** How often an activity may lose its worker. */
const WORKER_LOSSES = 50;

/**
 * Takes the items of a build through one of its stages, in batches. It is no saga: its step takes it back. A pause lets the running
 * batches finish and starts no new one; so does a halt, after which it fails.
 */
export async function datasetStage(input: DatasetStageInput): Promise<StageCounts> {
  try {
    return await new Stage(input).run();
  } catch (error) {
    // What the step that waits for this stage shows is the code and message of the failure that this fails with.
    throw error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;
  }
}

class Stage {
  readonly #input: DatasetStageInput;
  readonly #running = new CancellationScope();
  #opened: OpenedStage | undefined;
  #next: number;
  #counts: StageCounts;
  #paused: boolean;
  #halting = false;
  #inFlight = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(input: DatasetStageInput) {
    const { carried } = input;
    this.#input = input;
    this.#opened = carried;
    this.#next = carried?.next ?? 0;
    this.#counts = carried?.counts ?? NO_COUNTS;
    this.#paused = carried?.paused ?? false;
    setHandler(jobPauseSignal, () => void (this.#paused = true), { description: MESSAGE_DESCRIPTIONS.jobPause });
    setHandler(jobResumeSignal, () => void (this.#paused = false), { description: MESSAGE_DESCRIPTIONS.jobResume });
    setHandler(jobHaltSignal, () => void (this.#halting = true), { description: MESSAGE_DESCRIPTIONS.jobHalt });
  }

  async run(): Promise<StageCounts> {
    const { batches } = (this.#opened ??= await this.#open());
    try {
      await this.#launchAll(batches);
    } finally {
      // A cancel reaches the batches by itself; the stage is over when they are.
      await CancellationScope.nonCancellable(() => condition(() => this.#inFlight === 0));
    }
    if (this.#failure) throw this.#failure.error;
    return this.#next < batches ? this.#leave() : this.#counts;
  }

  async #launchAll(batches: number): Promise<void> {
    while (this.#next < batches) {
      await condition(() => this.#ending || (!this.#paused && this.#inFlight < IN_FLIGHT));
      if (this.#ending) break;
      this.#launch(this.#next++);
    }
    await condition(() => this.#inFlight === 0);
  }

  /** Nothing new is started: the stage has failed, halts, or continues as new, once what is under way is done. */
  get #ending(): boolean {
    return this.#failure !== undefined || this.#halting || workflowInfo().continueAsNewSuggested;
  }

  async #open(): Promise<OpenedStage> {
    const { build_id, build, items } = this.#input;
    setCurrentDetails(`**${this.#input.stage}**: reading the sources`);
    if (items === null) return patiently(() => opener.openDatasetBuild({ build_id, build }));
    const { batches } = await patiently(() => opener.countDatasetBatches({ build_id }));
    return { items, batches };
  }

  #launch(batch: number): void {
    this.#inFlight += 1;
    this.#running
      .run(() => patiently(() => this.#runBatch(batch)))
      .then(
        (counts) => this.#add(counts),
        (error: unknown) => this.#fail(error),
      )
      .finally(() => void (this.#inFlight -= 1));
  }

  #runBatch(batch: number): Promise<StageCounts> {
    const { build_id, stage } = this.#input;
    const call = { build_id, stage, batch };
    if (stage === 'download') return calls(QUEUES.main, `download batch ${batch}`).downloadDatasetBatch(call);
    return calls(QUEUES.compute, `validate batch ${batch}`).validateDatasetBatch(call);
  }

  #add(counts: StageCounts): void {
    this.#counts = addCounts(this.#counts, counts);
    const { in: done, dropped } = this.#counts;
    const note = dropped === 0 ? `${done} images` : `${done} images, ${dropped} dropped`;
    upsertMemo({ [PROGRESS_MEMO]: { done, total: this.#opened?.items ?? done, note } });
    setCurrentDetails(`**${this.#input.stage}**: ${note} of ${this.#opened?.items ?? '?'}`);
    this.#refuseTooManyDrops();
  }

  /** The first failure counts; the other batches are stopped, and keep what they have done. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#running.cancel();
  }

  /** As soon as it is so: the rest of a list that is wrong need not be tried. */
  #refuseTooManyDrops(): void {
    const { build, stage } = this.#input;
    const { dropped, reasons } = this.#counts;
    const share = build[stage].max_failed_fraction;
    const items = this.#opened?.items ?? 0;
    if (dropped <= share * items) return;
    const most = Object.entries(reasons).toSorted(([, one], [, other]) => other - one);
    const codes = most.slice(0, 5).map(([code, count]) => `${code} ${count}`);
    const expected = `expected at most ${share} of ${items} images to be dropped (${stage}.max_failed_fraction)`;
    this.#fail(ApplicationFailure.nonRetryable(`${expected}, got ${dropped} so far: ${codes.join(', ')}`, 'TOO_MANY_DROPPED'));
  }

  async #leave(): Promise<never> {
    if (this.#halting) throw ApplicationFailure.nonRetryable('the stage was halted; recover its build to go on', ERROR_CODES.SAGA_HALTED);
    await condition(allHandlersFinished);
    const { items, batches: all } = this.#opened ?? { items: 0, batches: 0 };
    const carried = { items, batches: all, next: this.#next, counts: this.#counts, paused: this.#paused };
    return continueAsNew<typeof datasetStage>({ ...this.#input, carried });
  }
}

/** Retries count what went wrong; a worker that dies is no fault of what it did. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let losses = 1; ; losses += 1) {
    try {
      return await call();
    } catch (error) {
      const lost = error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
      if (!lost || losses === WORKER_LOSSES) throw error;
    }
  }
}

function calls(taskQueue: string, summary: string): DatasetStageActivities {
  return proxyActivities<DatasetStageActivities>({
    taskQueue,
    startToCloseTimeout: '1 hour',
    heartbeatTimeout: '10 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumAttempts: 5 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary,
  });
}

const opener = calls(QUEUES.main, 'read the sources');
