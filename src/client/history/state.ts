import { needsByIndex, type PlanStep } from '../../contracts/plan.ts';
import type { CallId } from '../../contracts/ids.ts';
import type { RunStatus } from '../../contracts/ledger.ts';
import type { FoldedRun, FoldedStep } from './folded.ts';

/** A call that has started and not ended. */
export interface OpenCall {
  readonly call: CallId;
  /** Ends when it has started. */
  readonly job: boolean;
}

/** What the fold works on. Rows are replaced, never changed, so a copy is cheap. */
export interface FoldState {
  run: Omit<FoldedRun, 'steps' | 'status'> & { readonly closed_status: RunStatus | null };
  steps: FoldedStep[];
  /** By the id of the event that started it. */
  readonly open: Map<number, OpenCall>;
  /** The event that started the timer of `start_timer`. */
  startTimerEvent: number;
  /** When the last workflow task started: what its code takes for the time. */
  taskAt: string;
  /** The run was told to stop at the next step boundary. */
  halting: boolean;
}

/** An independent copy. */
export function copyState(state: FoldState): FoldState {
  return { ...state, steps: [...state.steps], open: new Map(state.open) };
}

/** What the state says, as a value that does not change any more. */
export function foldedOf(state: FoldState): FoldedRun {
  const { closed_status, ...run } = state.run;
  return { ...run, status: closed_status ?? openStatus(state.run), steps: [...state.steps] };
}

function openStatus(run: FoldState['run']): RunStatus {
  if (run.phase === 'undoing') return 'compensating';
  if (run.phase === 'recovering') return 'recovering';
  if (run.paused) return 'paused';
  return run.start_timer === 'expected' || run.start_timer === 'running' ? 'pending' : 'running';
}

/** Has something happened after which the run may be ending? */
export function mayHaveFailed({ cancel_requested, steps }: Pick<FoldedRun, 'cancel_requested' | 'steps'>): boolean {
  return cancel_requested || steps.some((step) => step.status === 'failed' || step.status === 'cancelled');
}

export function setRun(state: FoldState, patch: Partial<FoldState['run']>): void {
  state.run = { ...state.run, ...patch };
}

/** Replaces fields of a step's row. An index that no step has is passed over. */
export function setStep(state: FoldState, idx: number, patch: Partial<FoldedStep>): void {
  const step = state.steps[idx];
  if (step) state.steps[idx] = { ...step, ...patch };
}

/** Appends steps to the plan. */
export function appendSteps(state: FoldState, added: readonly PlanStep[]): void {
  const plan = [...state.run.plan, ...added];
  setRun(state, { plan, dynamic_steps: [...state.run.dynamic_steps, ...added] });
  state.steps.push(...newSteps(state.run.kind, plan).slice(state.steps.length));
}

/** The rows of a plan of which nothing has started. */
export function newSteps(kind: string, plan: readonly PlanStep[]): FoldedStep[] {
  const needs = needsByIndex({ kind, steps: plan });
  return plan.map((step, idx) => ({
    step_idx: idx,
    step_name: step.name,
    task_type: step.task_type ?? step.name,
    needs: needs[idx] ?? [],
    ...NOT_STARTED,
    generation: 0,
  }));
}

/** Everything that running a step sets. */
export const NOT_STARTED = {
  status: 'pending',
  output: null,
  error: null,
  message_open: false,
  attempts: 0,
  worker_id: null,
  activity_id: null,
  outcome: null,
  undo: 'none',
  before_undo: null,
  queued_at: null,
  started_at: null,
  completed_at: null,
  compensated_at: null,
  wakes_at: null,
  suspension: null,
} as const satisfies Partial<FoldedStep>;
