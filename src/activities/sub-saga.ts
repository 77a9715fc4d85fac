import { ApplicationFailure } from '@temporalio/activity';
import type { SagaRun } from '../contracts/ledger.ts';
import type { StepContext } from './serve-steps.ts';

/** What this needs of the sagas; made from the client library. */
export interface SubSagas {
  /** Undoes a run and waits until it has closed; undefined when there is none of this id. */
  undo(id: string, signal: AbortSignal): Promise<SagaRun | undefined>;
}

/** `SubSagaActivities`, as steps. */
export function createSubSagaActivities(subSagas: SubSagas): {
  rollbackSubSaga(input: { readonly id: string }, step: StepContext): Promise<null>;
} {
  return {
    rollbackSubSaga: async ({ id }, { signal }) => {
      const run = await subSagas.undo(id, signal);
      const stuck = run?.error?.stuck?.map((one) => `${one.step_name}: ${one.message}`);
      if (stuck) throw ApplicationFailure.nonRetryable(`sub-saga ${id} could not undo ${stuck.join('; ')}`, 'SUB_SAGA_STUCK');
      return null;
    },
  };
}
