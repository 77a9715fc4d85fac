/** The workflow bundle's entry: one export per workflow type. */
export { proof } from './proof.ts';
export { trainingJob } from './training-job.ts';
export { trainingRun } from './training-run.ts';
