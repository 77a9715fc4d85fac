/** The package's entry: everything that talks to Temporal and the ledger from outside. Start with `connect()`. */
export { connect, type Cerebros, type ConnectOptions } from './connect.ts';
export { startSaga, type StartRequest, type StartedRun } from './start.ts';
export { prepareInput, type PrepareOptions, type PreparedInput } from './prepare-input.ts';
export { waitClosed, type WaitOptions } from './wait.ts';
export { cancelSaga, cancelRunAfterStep, haltRun, pauseRun, resumeRun, skipStep, type ControlResult } from './control.ts';
export { wake } from './wake.ts';
export { decide, listApprovals, type DecideRequest, type DecideResult } from './approvals.ts';
export { getBlueprint, listBlueprints, registerBlueprint, type RegisterOptions } from './blueprints.ts';
export { checkBlueprint, type CheckedBlueprint } from './blueprints/check.ts';
export { listStepResults, showRun } from './show.ts';
export { checkDrift, type Drift, type DriftOptions } from './drift.ts';
export { planRestore, planStack, type StackPlan } from './provision/plan.ts';
export { applyPlan, startPlanned, type ApplyOptions } from './provision/apply.ts';
export { restoreDrift, type Restore, type RestoreOptions } from './provision/restore.ts';
export { listResources } from './provision/resources.ts';
export { progressOfRun, viewRun, type RunView } from './progress.ts';
export { listSagas } from './list.ts';
export { JobOrchestrator, type CreateWorkflowOptions, type WorkflowFilter } from './job-orchestrator.ts';
export { recoverRun, type RecoverOptions } from './recover.ts';
export { rollbackRun, type RollbackRunOptions } from './rollback.ts';
export { retryUndo, type UndoRetryOptions } from './undo-retry.ts';
export type { ReentryResult } from './reenter.ts';
export type { ReentryPreview, StepRef } from './reentry.ts';
export { subscribe, type EventHandler, type SubscribeOptions } from './subscribe.ts';
export { rebuildLedger, verifyLedger, type Rebuilt } from './ledger-check.ts';
export type { Verdict } from './verify.ts';
export { listDatasets, showDataset, type DatasetDetails, type DatasetListing } from './datasets.ts';
export { getTrainedModel, listTrainedModels } from './models.ts';
export {
  leaderboard,
  type BestSoFar,
  type Leaderboard,
  type LeaderboardOptions,
  type LeaderboardRow,
  type TrialCurve,
} from './leaderboard.ts';
export { enqueueTrial, extendStudy, setParallel, stopStudy, studyView } from './study.ts';
export { fetchHistory, historyJson } from './histories.ts';
export { resolveConnections, type ConnectionFlags, type Connections } from '../config.ts';
export { UserError, type ExitCode } from '../contracts/user-error.ts';
export { progressOf, type ProgressObject, type ProgressOptions, type ProgressTask, type StepReport } from '../contracts/progress.ts';
export { definePlan, type Plan, type PlanStep } from '../contracts/plan.ts';
export type * from '../contracts/blueprint.ts';
export type * from '../contracts/cloud.ts';
export type * from '../contracts/drift.ts';
export type * from '../contracts/job.ts';
export type * from '../contracts/ledger.ts';
export type * from '../contracts/step-protocol.ts';
