import type { Json, SagaRun, SagaStepRow } from '../contracts/ledger.ts';
import { PROOF } from '../contracts/proof.ts';
import type { ApprovalRow } from '../contracts/step-protocol.ts';
import { formatVersion } from '../contracts/version.ts';
import { statesAt } from './history/at-version.ts';
import type { HistoryEvent } from './history/decode.ts';
import { foldHistory, type FoldOptions } from './history/fold.ts';
import type { FoldedRun, FoldedStep } from './history/folded.ts';
import { isWhole } from './history/row-reader.ts';
import { foldOptions, type VerifySources } from './verify.ts';

/** Where a rebuild reads and writes. */
export interface RebuildSources extends VerifySources {
  /** Puts the rows in the place of whatever is stored. */
  readonly writeRun: (run: SagaRun) => Promise<void>;
  /** Puts these in the place of the run's rows in `approvals`; what an earlier run of the id asked stays. Default: they stay as they are. */
  readonly writeApprovals?: (run: SagaRun, approvals: readonly ApprovalRow[]) => Promise<void>;
}

/** Kinds whose steps put what they like into the context, so that outputs do not tell it. */
export const OWN_CONTEXT: readonly string[] = [PROOF, 'provision'];

/** Writes a run's rows from the latest history of its id. Answers what was written; undefined when there is no history. Throws a `HistoryError` when it cannot be read. */
export async function rebuildRun(sources: RebuildSources, id: string): Promise<SagaRun | undefined> {
  const events = await sources.fetchHistory(id);
  if (!events) return undefined;
  const options = foldOptions(sources, id, events);
  const rebuilt = rowsOf(events, options);
  const stored = OWN_CONTEXT.includes(rebuilt.kind) ? await sources.readRun(id) : undefined;
  const run = stored ? { ...rebuilt, context: { ...rebuilt.context, ...stored.context } } : rebuilt;
  await sources.writeRun(run);
  await sources.writeApprovals?.(run, approvalsOf(events, options));
  return run;
}

/**
 * A run's rows as its history tells them. Of an open run: as of the last workflow task that completed, with the highest version of
 * that task. So a flush that is still on its way changes nothing, its content is in the rows already, and the next task's overwrites.
 */
export function rowsOf(events: readonly HistoryEvent[], options: FoldOptions): SagaRun {
  const { run, version } = lastWritten(events, options);
  return { ...runRow(run), version, steps: run.steps.map((step) => stepRow(run, step, version)) };
}

/** What the steps of a run asked people for, as of the same task and at the same version. */
export function approvalsOf(events: readonly HistoryEvent[], options: FoldOptions): readonly ApprovalRow[] {
  const { run, version } = lastWritten(events, options);
  return run.approvals
    .filter((each) => each.certain)
    .map(({ certain: _certain, ...approval }) => ({ saga_id: run.id, ...approval, version }));
}

function lastWritten(events: readonly HistoryEvent[], options: FoldOptions): { readonly run: FoldedRun; readonly version: number } {
  const folded = foldHistory(events, options);
  const { last_task, run_no } = folded;
  const run = isWhole(folded) ? folded : (statesAt(events, options, last_task).states.at(-1)?.run ?? folded);
  return { run, version: formatVersion({ run_no, history_length: last_task, n: last_task === 0 ? 0 : 9999 }) };
}

function runRow(run: FoldedRun): Omit<SagaRun, 'version' | 'steps'> {
  const { id, run_id, root_run_id, kind, status, plan, inputs, result, cancel_requested, error, recovery_attempts, start } = run;
  const unfinished = run.steps.findIndex((step) => step.outcome !== 'done');
  return {
    id,
    run_id,
    root_run_id,
    kind,
    job_id: start.job_id ?? id,
    status,
    plan,
    current_step_idx: unfinished < 0 ? null : unfinished,
    inputs,
    context: contextOf(run),
    result,
    metadata: start.metadata ?? {},
    cancel_requested,
    error,
    recovery_attempts,
    max_recovery_attempts: start.max_recovery_attempts ?? 3,
    parent_id: start.parent_id ?? null,
    created_at: run.created_at,
    started_at: run.started_at,
    completed_at: isWhole(run) ? run.completed_at : null,
  };
}

/** What the steps put: their outputs by name, unless the kind has a way of its own; then what an earlier run carried over. */
export function contextOf(run: FoldedRun): { readonly [key: string]: Json } {
  const carried = run.start.reentry?.context ?? {};
  if (OWN_CONTEXT.includes(run.kind)) return carried;
  const done = run.steps.filter((step) => step.outcome === 'done');
  return { ...carried, ...Object.fromEntries(done.map((step) => [step.step_name, step.output])) };
}

function stepRow(run: FoldedRun, step: FoldedStep, version: number): SagaStepRow {
  const { step_idx, step_name, task_type, needs, status, output, error, attempts, worker_id, activity_id } = step;
  const { queued_at, started_at, completed_at, compensated_at, wakes_at } = step;
  const estimated_duration_s = run.plan[step_idx]?.estimated_duration_s ?? null;
  const row = { saga_id: run.id, step_idx, step_name, task_type, needs, status, output, error, attempts, worker_id, activity_id };
  return { ...row, estimated_duration_s, queued_at, started_at, completed_at, compensated_at, wakes_at, version };
}
