import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  condition,
  executeChild,
  ParentClosePolicy,
  sleep,
} from '@temporalio/workflow';
import { CancelledFailure, TerminatedFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { trialId, type NasTrialInput, type NasTrialResult, type TrialError } from '../contracts/nas-search.ts';
import type { NasStudyInput, RungJob, StudyInput } from '../contracts/nas-study.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';
import { stepErrorOf } from './saga/step-error.ts';

/** A trial of an earlier try may still be closing: how often, and how long apart, its id is asked for. */
const START_TRIES = 30;
const START_AGAIN = '2 seconds';

type Finished = Extract<StudyInput, { type: 'finished' }>;

/** The trials in flight: a child workflow each, under the trial's id. */
export class Trials {
  readonly #study: NasStudyInput;
  readonly #onFinished: (finished: Finished) => void;
  readonly #scopes = new Set<CancellationScope>();

  constructor(study: NasStudyInput, onFinished: (finished: Finished) => void) {
    this.#study = study;
    this.#onFinished = onFinished;
  }

  get running(): number {
    return this.#scopes.size;
  }

  launch(job: RungJob): void {
    const scope = new CancellationScope();
    this.#scopes.add(scope);
    void scope.run(() => this.#train(job, scope));
  }

  /** Cancels what runs and waits until it has closed. */
  async cancelAll(): Promise<void> {
    for (const scope of this.#scopes) scope.cancel();
    await condition(() => this.#scopes.size === 0);
  }

  async #train(job: RungJob, scope: CancellationScope): Promise<void> {
    const { number, to_epoch } = job;
    const outcome = await this.#outcome(job);
    this.#scopes.delete(scope);
    if (!scope.consideredCancelled) this.#onFinished({ type: 'finished', number, to_epoch, outcome });
  }

  async #outcome(job: RungJob): Promise<NasTrialResult> {
    try {
      return await this.#start(job);
    } catch (error) {
      return { status: 'failed', error: trialError(error) };
    }
  }

  async #start(job: RungJob): Promise<NasTrialResult> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#child(job);
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError) || tries === START_TRIES) throw error;
        await sleep(START_AGAIN, { summary: `trial ${job.number} is still closing` });
      }
    }
  }

  #child({ number, params, checkpoint, to_epoch }: RungJob): Promise<NasTrialResult> {
    const { run, dataset_files } = this.#study;
    const input: NasTrialInput = { run, number, params, checkpoint, to_epoch, dataset_files, fit: 'train', final: false };
    return executeChild<(input: NasTrialInput) => Promise<NasTrialResult>>('nasTrial', {
      workflowId: trialId(run.search_id, number),
      args: [input],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.kind, value: 'nas-trial' }],
      staticSummary: `trial ${number} to epoch ${to_epoch}: ${brief(params)}`,
    });
  }
}

/** Someone may have cancelled or terminated the trial alone: it is a failed trial, not the end of the search. */
function trialError(error: unknown): TrialError {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : undefined;
  if (cause instanceof TerminatedFailure)
    return { code: 'TRIAL_TERMINATED', message: 'its workflow was terminated, by hand or by Temporal' };
  if (cause instanceof CancelledFailure) return { code: 'TRIAL_CANCELLED', message: 'its workflow was cancelled by hand' };
  const { code, message } = stepErrorOf(error);
  return { code: code ?? 'ERROR', message };
}

/** At most 150 characters: Temporal Web shows 200 bytes. */
function brief(params: RungJob['params']): string {
  const all = Object.entries(params).map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`);
  const text = all.join(', ');
  return text.length > 150 ? `${text.slice(0, 149)}…` : text;
}
