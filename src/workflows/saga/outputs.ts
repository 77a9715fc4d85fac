import { log } from '@temporalio/workflow';
import type { Json } from '../../contracts/ledger.ts';
import { LIMITS } from '../../contracts/limits.ts';
import { encodeJson } from '../../contracts/payload-converter.ts';
import type { Journal, StepState } from './journal.ts';
import { refusal } from './step-error.ts';
import type { SagaArguments } from './types.ts';

/** What the steps of a run give: bounded, one by one and together, and put into the run's context. */
export class Outputs {
  readonly #journal: Journal;
  readonly #contextOf: NonNullable<SagaArguments<Json>['contextOf']>;

  constructor(journal: Journal, contextOf: SagaArguments<Json>['contextOf']) {
    this.#journal = journal;
    this.#contextOf = contextOf ?? ((step, _idx, output) => ({ [step.name]: output }));
  }

  /** Refuses an output that is over a bound, or no JSON. */
  charge(idx: number, output: Json): void {
    const { step_name } = this.#journal.step(idx);
    const bytes = encodeJson(output, `the output of step ${step_name}`, LIMITS.valueBytes).length;
    if (this.#journal.chargeContext(idx, bytes)) return;
    throw refusal(
      'PAYLOAD_TOO_LARGE',
      `step ${step_name}: all outputs of the run together are over ${LIMITS.contextBytes} bytes: store it as an artifact and pass its reference`,
    );
  }

  /** A value to continue with is bound like an output; one that is not accepted leaves the step failed as it was. */
  accepts(idx: number, value: Json): boolean {
    try {
      this.charge(idx, value);
      return true;
    } catch (error) {
      log.warn('the value that a compensate continued with is not accepted', { step: this.#journal.step(idx).step_name, error });
      return false;
    }
  }

  /** Counts and shows what an earlier run of this id has put out. */
  adopt(step: StepState): void {
    const bytes = encodeJson(step.output, `the output of step ${step.step_name}`, LIMITS.payloadBytes).length;
    this.#journal.chargeContext(step.step_idx, bytes);
    this.put(step.step_idx, step.output);
  }

  /** The step is done. */
  complete(idx: number, output: Json, how: Partial<StepState>): void {
    this.put(idx, output);
    const completed_at = new Date().toISOString();
    this.#journal.setStep(idx, { ...how, status: 'completed', outcome: 'done', output, error: null, completed_at }, 'completed');
  }

  /** Puts an output into the run's context. */
  put(idx: number, output: Json): void {
    this.#journal.putContext(this.#contextOf(this.#journal.step(idx).plan, idx, output));
  }
}
