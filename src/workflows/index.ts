/** The workflow bundle's entry: one export per workflow type. */
export { blueprint } from './blueprint.ts';
export { checkCloud } from './check-cloud.ts';
export { datasetBuild } from './dataset-build.ts';
export { datasetStage } from './dataset-stage.ts';
export { job } from './job.ts';
export { nasRun } from './nas-run.ts';
export { nasSearch } from './nas-search.ts';
export { nasStudy } from './nas-study.ts';
export { nasTrial } from './nas-trial.ts';
export { proof } from './proof.ts';
export { provision } from './provision.ts';
export { reconcile } from './reconcile.ts';
export { trainingJob } from './training-job.ts';
export { trainingRun } from './training-run.ts';
