import type { Plan, PlanStep } from '../../contracts/plan.ts';
import { SAGA_MEMO, type Reentry, type SagaMemo, type SagaStart, type SeedStep } from '../../contracts/saga-start.ts';
import { decodeAt, decodePayload, isObject, isStepList, jsonOf, timeOf, type HistoryEvent } from './decode.ts';
import type { FoldedStep, Phase } from './folded.ts';
import { newSteps, setStep, type FoldState } from './state.ts';

/** What the history itself does not hold. */
export interface StartContext {
  /** The workflow id. */
  readonly id: string;
  /** The plan in code, for a run started by hand, without a memo. */
  readonly plan?: Plan | undefined;
}

/** The state after the first event; undefined when that is not the start of a workflow. */
export function startState(event: HistoryEvent, context: StartContext): FoldState | undefined {
  const started = event.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  const run = startedRun(started, context, timeOf(event));
  const state: FoldState = {
    run,
    steps: newSteps(run.kind, run.plan),
    open: new Map(),
    startTimerEvent: 0,
    taskAt: timeOf(event),
    halting: false,
  };
  for (const seed of run.start.reentry?.steps ?? []) setStep(state, seed.step_idx, seeded(seed));
  return state;
}

type Started = NonNullable<HistoryEvent['workflowExecutionStartedEventAttributes']>;

function startedRun(started: Started, context: StartContext, createdAt: string): FoldState['run'] {
  const start = startOf(decodeAt(started.input, 1));
  const memo = memoOf(started.memo?.fields?.[SAGA_MEMO]) ?? context.plan;
  const { reentry } = start;
  const runId = started.originalExecutionRunId ?? '';
  const dynamic_steps = reentry?.dynamic_steps ?? [];
  const workflowType = started.workflowType?.name ?? '';
  return {
    id: context.id,
    run_id: runId,
    root_run_id: reentry?.root_run_id ?? runId,
    run_no: reentry?.run_no ?? start.first_run_no ?? 1,
    workflow_type: workflowType,
    kind: memo?.kind ?? workflowType,
    planned: memo !== undefined,
    plan: [...stepsOf(memo), ...dynamic_steps],
    dynamic_steps,
    inputs: jsonOf(decodeAt(started.input)),
    start,
    closed_status: null,
    phase: phaseOf(reentry),
    result: null,
    error: reentry?.error ?? null,
    cancel_requested: false,
    paused: reentry?.paused ?? false,
    reset_rows: [],
    start_timer: start.at === undefined ? 'none' : 'expected',
    recovery_attempts: reentry?.recovery_attempts ?? 0,
    ended: 'open',
    broken_by: null,
    created_at: reentry?.created_at ?? createdAt,
    started_at: reentry?.started_at ?? null,
    completed_at: null,
    last_task: 0,
    events: 1,
    approvals: [],
  };
}

function startOf(value: unknown): SagaStart {
  if (!isObject(value)) return {};
  const start = value as unknown as SagaStart;
  if (start.reentry === undefined) return start;
  if (
    isObject(start.reentry) &&
    Array.isArray(start.reentry.steps) &&
    start.reentry.steps.every(isObject) &&
    isStepList(start.reentry.dynamic_steps ?? [])
  )
    return start;
  const { reentry: _unreadable, ...rest } = start;
  return rest;
}

type NamedPlan = SagaMemo | Plan;

function memoOf(payload: Parameters<typeof decodePayload>[0]): SagaMemo | undefined {
  const memo = decodePayload(payload);
  if (!isObject(memo) || typeof memo['kind'] !== 'string' || !isStepList(memo['plan'])) return undefined;
  return memo as unknown as SagaMemo;
}

function stepsOf(memo: NamedPlan | undefined): readonly PlanStep[] {
  if (memo === undefined) return [];
  return 'plan' in memo ? memo.plan : memo.steps;
}

function phaseOf(reentry: Reentry | undefined): Phase {
  if (reentry?.mode === 'recover') return 'recovering';
  return reentry?.mode === 'rollback' || reentry?.mode === 'undo_retry' ? 'undoing' : 'forward';
}

function seeded(seed: SeedStep): Partial<FoldedStep> {
  const outcome =
    seed.status === 'pending' || seed.status === 'skipped' ? null : (seed.outcome ?? (seed.status === 'completed' ? 'done' : 'unknown'));
  return {
    status: seed.status,
    outcome,
    output: seed.output ?? null,
    error: seed.error ?? null,
    attempts: seed.attempts ?? 0,
    worker_id: seed.worker_id ?? null,
    queued_at: seed.queued_at ?? null,
    started_at: seed.started_at ?? null,
    completed_at: seed.completed_at ?? null,
    compensated_at: seed.compensated_at ?? null,
    generation: seed.generation,
    undo: undoOf(seed),
  };
}

function undoOf(seed: SeedStep): FoldedStep['undo'] {
  if (seed.compensated_at !== undefined) return 'done';
  return seed.status === 'compensation_failed' ? 'failed' : 'none';
}
