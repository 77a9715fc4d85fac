import { secondsLeft } from './eta.ts';
import type { SagaRun, SagaStepRow, StepStatus } from './ledger.ts';

export type JobStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'recovering';
export type TaskStatus = 'pending' | 'queued' | 'running' | 'completed' | 'failed' | 'retrying' | 'skipped' | 'cancelled';

/** One step in the progress object; `id` is its step_idx. */
export interface ProgressTask {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly status: TaskStatus;
  readonly retry_count: number;
  readonly error_message: string | null;
}

/** The exact progress of a run: what the query `progress`, `cerebros progress` and HTTP answer. */
export interface ProgressObject {
  readonly workflow_id: string;
  readonly job_id: string | null;
  readonly status: JobStatus;
  /** 0–100, weighted by `estimated_duration_s`; within a step by its heartbeat. */
  readonly progress: number;
  /** Name of the lowest unfinished step, or null. */
  readonly current_step: string | null;
  readonly total_steps: number;
  readonly completed_tasks: number;
  readonly failed_tasks: number;
  readonly running_tasks: number;
  readonly recovery_attempts: number;
  readonly tasks: readonly ProgressTask[];
  /** Seconds left, or null when unknown. */
  readonly eta_s: number | null;
  readonly waiting_on: readonly string[];
  readonly paused: boolean;
}

/** What a long activity heartbeats: `done` of `total`, in any unit, with whatever else helps a reader. */
export interface HeartbeatProgress {
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

/** Key in the memo of a job where it keeps its `HeartbeatProgress`, so that it can be read while no worker is up. */
export const PROGRESS_MEMO = 'progress';

/** What `describe` knows of a step that is under way: of its activity, or of the job that it waits for. */
export interface PendingCall {
  readonly step_idx: number;
  readonly state: 'scheduled' | 'started';
  readonly attempt: number;
  readonly heartbeat?: unknown;
  readonly last_failure?: string;
  readonly worker_id?: string;
}

/** What is known of a run besides its rows. */
export interface ProgressOptions {
  /** The present moment, in ms. */
  readonly now: number;
  /** What `describe` adds. Default: nothing. */
  readonly pending?: readonly PendingCall[];
}

/** The one function over rows (from the query, else the ledger) and what `describe` adds; right for live and closed runs. */
export function progressOf(run: SagaRun, { now, pending = [] }: ProgressOptions): ProgressObject {
  const tasks = run.steps.map((step) =>
    taskOf(
      step,
      pending.find((call) => call.step_idx === step.step_idx),
    ),
  );
  const fractions = run.steps.map((step) => fractionDone(step, pending));
  const current = run.steps.find((step) => !isFinished(step.status));
  return {
    workflow_id: run.id,
    job_id: run.job_id,
    status: jobStatus(run),
    progress: run.status === 'completed' ? 100 : percent(run.steps, fractions),
    current_step: current?.step_name ?? null,
    total_steps: run.steps.length,
    completed_tasks: tasks.filter((task) => task.status === 'completed' || task.status === 'skipped').length,
    failed_tasks: tasks.filter((task) => task.status === 'failed').length,
    running_tasks: tasks.filter((task) => task.status === 'running' || task.status === 'retrying').length,
    recovery_attempts: run.recovery_attempts,
    tasks,
    eta_s: run.completed_at === null && run.status !== 'compensating' ? secondsLeft(run.steps, fractions, now) : null,
    waiting_on: waitingOn(run, pending),
    paused: run.status === 'paused',
  };
}

function jobStatus(run: SagaRun): JobStatus {
  switch (run.status) {
    case 'halted':
      return 'failed';
    case 'compensating':
    case 'rolled_back':
    case 'failed':
      return run.error?.reason === 'cancelled' ? 'cancelled' : 'failed';
    default:
      return run.status;
  }
}

const TASK_STATUS: Readonly<Partial<Record<StepStatus, TaskStatus>>> = {
  sleeping: 'running',
  waiting: 'running',
  compensating: 'cancelled',
  compensated: 'cancelled',
  compensation_failed: 'cancelled',
};

function taskOf(step: SagaStepRow, call: PendingCall | undefined): ProgressTask {
  return {
    id: step.step_idx,
    name: step.step_name,
    type: step.task_type,
    status: step.status === 'running' && call ? pendingStatus(call) : (TASK_STATUS[step.status] ?? (step.status as TaskStatus)),
    retry_count: Math.max(0, Math.max(step.attempts, call?.attempt ?? 0) - 1),
    error_message: step.error?.message ?? call?.last_failure ?? null,
  };
}

function pendingStatus(call: PendingCall): TaskStatus {
  if (call.attempt > 1) return 'retrying';
  return call.state === 'started' ? 'running' : 'queued';
}

/** A step that was done and then undone is behind us too. */
function isFinished(status: StepStatus): boolean {
  return status === 'completed' || status === 'skipped' || status.startsWith('compensat');
}

function fractionDone(step: SagaStepRow, pending: readonly PendingCall[]): number {
  if (isFinished(step.status)) return 1;
  if (step.status !== 'running') return 0;
  const call = pending.find((candidate) => candidate.step_idx === step.step_idx);
  return heartbeatFraction(call?.heartbeat);
}

/** `done / total` of a heartbeat, clipped to 0–1; 0 for anything that is not shaped so. */
export function heartbeatFraction(heartbeat: unknown): number {
  return readReport(heartbeat)?.fraction ?? 0;
}

/** What a step that is under way says of itself. */
export interface StepReport {
  readonly step_idx: number;
  /** 0 to 1. */
  readonly fraction: number;
  /** Null when it says nothing in words. */
  readonly note: string | null;
}

/** The running steps that report how far they are. */
export function stepReports(run: SagaRun, pending: readonly PendingCall[]): StepReport[] {
  const running = run.steps.filter((step) => step.status === 'running');
  return running.flatMap(({ step_idx }) => {
    const report = readReport(pending.find((call) => call.step_idx === step_idx)?.heartbeat);
    return report ? [{ step_idx, ...report }] : [];
  });
}

function readReport(heartbeat: unknown): Omit<StepReport, 'step_idx'> | undefined {
  if (typeof heartbeat !== 'object' || heartbeat === null) return undefined;
  const { done, total, note } = heartbeat as Partial<Record<keyof HeartbeatProgress, unknown>>;
  if (typeof done !== 'number' || typeof total !== 'number' || !(total > 0)) return undefined;
  return { fraction: Math.min(1, Math.max(0, done / total)) || 0, note: typeof note === 'string' && note !== '' ? note : null };
}

function weights(steps: readonly SagaStepRow[]): number[] {
  const known = steps.flatMap((step) => step.estimated_duration_s ?? []);
  const fallback = known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : 1;
  return steps.map((step) => step.estimated_duration_s ?? fallback);
}

function percent(steps: readonly SagaStepRow[], fractions: readonly number[]): number {
  const weight = weights(steps);
  const total = weight.reduce((sum, value) => sum + value, 0);
  const done = weight.reduce((sum, value, idx) => sum + value * (fractions[idx] ?? 0), 0);
  return total > 0 ? Math.round((1000 * done) / total) / 10 : 0;
}

function waitingOn(run: SagaRun, pending: readonly PendingCall[]): string[] {
  const waiting = run.status === 'paused' ? ['resume'] : [];
  if (run.status === 'halted') waiting.push('recover or rollback');
  for (const call of pending) if (call.state === 'scheduled') waiting.push(waitedFor(run, call));
  return [...waiting, ...run.steps.flatMap(suspension)];
}

/** An external step says which queue: it may well be that nobody polls it. */
function waitedFor({ plan, steps }: SagaRun, { step_idx, attempt }: PendingCall): string {
  const step = steps.find((candidate) => candidate.step_idx === step_idx);
  const name = step?.step_name ?? String(step_idx);
  if (attempt > 1) return `retry of ${name}`;
  const planned = plan[step_idx];
  const queue = (step?.status === 'compensating' ? planned?.undo?.queue : undefined) ?? planned?.queue;
  return `a worker for ${name}${planned?.external && queue !== undefined ? ` on queue ${queue}` : ''}`;
}

function suspension({ step_name, status, wakes_at }: SagaStepRow): string[] {
  if (status === 'sleeping') return [`sleep of ${step_name}${wakes_at === null ? '' : ` until ${wakes_at}`}`];
  return status === 'waiting' ? [`a decision on ${step_name}`] : [];
}
