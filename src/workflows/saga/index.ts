/** The engine, for own sagas: import it in workflow code. */
export { callSteps, type StepCalls } from './calls.ts';
export { runChild, runSubSaga, startJob, undoSubSaga, type JobRef } from './children.ts';
export { runPlan, type Driver, type Given } from './run-plan.ts';
export { runSaga } from './run-saga.ts';
export type { Answer, Body, Saga, SagaArguments, StepOptions } from './types.ts';
export { definePlan, type Plan, type PlanStep } from '../../contracts/plan.ts';
export type { Outcome } from '../../contracts/step-call.ts';
export type { SagaStart } from '../../contracts/saga-start.ts';
