import { workflowInfo } from '@temporalio/workflow';
import { LIMITS } from '../../contracts/limits.ts';
import { refusal } from './step-error.ts';

/** Counts what one run's workflow tasks send; the server ends a run whose task is over 4 MiB, without any undo. */
export class TaskBudget {
  #historyLength = -1;
  #bytes = 0;

  /** Would the current workflow task keep within its bound with so many bytes more? */
  fits(bytes: number): boolean {
    return this.#sent() + bytes <= LIMITS.workflowTaskBytes;
  }

  /** Adds a call's input. Throws `PAYLOAD_TOO_LARGE` when the current workflow task would be over its bound. */
  charge(bytes: number, step: string): void {
    const all = this.#sent() + bytes;
    if (all > LIMITS.workflowTaskBytes) {
      throw refusal(
        'PAYLOAD_TOO_LARGE',
        `step ${step}: the steps started at once send ${all} bytes, expected at most ${LIMITS.workflowTaskBytes}: store it as an artifact and pass its reference`,
      );
    }
    this.#bytes = all;
  }

  #sent(): number {
    const { historyLength } = workflowInfo();
    if (this.#historyLength !== historyLength) this.#bytes = 0;
    this.#historyLength = historyLength;
    return this.#bytes;
  }
}
