import { workflowInfo } from '@temporalio/workflow';
import { LIMITS } from '../../contracts/limits.ts';
import type { Json, LedgerBatch, LedgerEvent, RunPatch, SagaRun, SagaRunRow, SagaStepRow } from '../../contracts/ledger.ts';
import { needsByIndex, type Plan, type PlanStep } from '../../contracts/plan.ts';
import type { SagaStart, SeedStep } from '../../contracts/saga-start.ts';
import { runTopic, SOURCE, stepTopic, type StepTopic } from '../../contracts/topics.ts';
import type { ApprovalRow } from '../../contracts/step-protocol.ts';
import { formatVersion } from '../../contracts/version.ts';

type Approval = Omit<ApprovalRow, 'saga_id' | 'version'>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A step as the run knows it. */
export interface StepState extends Mutable<Omit<SagaStepRow, 'saga_id' | 'version'>> {
  plan: PlanStep;
  /** How it ended before any undo; null while it has not. */
  outcome: 'done' | 'unknown' | null;
  generation: number;
  /** Known from an earlier run of this id, and not run again by this one. */
  recorded: boolean;
  /** Calls made in this workflow run. */
  calls: { do: number; undo: number; value: number };
}

/** What the journal shows of a run; the rest of its row never changes. */
export type RunState = Mutable<SagaRunRow>;

/**
 * The rows of a run as plain state, and what of them the ledger does not have yet. Every transition goes through `step` and `run`;
 * `takeBatch` hands over what has changed.
 */
export class Journal {
  readonly run: RunState;
  readonly steps: StepState[];
  readonly runNo: number;
  #dirtySteps = new Set<number>();
  #runPatch: Mutable<RunPatch> = {};
  #events: LedgerEvent[] = [];
  readonly #approvals = new Map<string, Approval>();
  #dirtyApprovals = new Set<string>();
  #pressing = false;
  #outputBytes = new Map<number, number>();
  /** Changes of the run's status so far. */
  #changes = 0;
  #flush = { historyLength: 0, n: 0 };

  constructor(plan: Plan, input: Json, start: SagaStart) {
    const { reentry } = start;
    this.runNo = reentry?.run_no ?? start.first_run_no ?? 1;
    const steps = [...plan.steps, ...(reentry?.dynamic_steps ?? [])];
    this.steps = newSteps({ kind: plan.kind, steps });
    for (const seed of reentry?.steps ?? []) this.#seed(seed);
    this.run = newRun({ kind: plan.kind, steps }, input, start);
    this.#runPatch = { ...this.run };
    this.touchAll();
  }

  get dirty(): boolean {
    return this.#dirtySteps.size > 0 || this.#events.length > 0 || Object.keys(this.#runPatch).length > 0;
  }

  /** Has something changed that nobody should wait for: the run's status, a cancel request, a failed step? */
  get pressing(): boolean {
    return this.#pressing;
  }

  step(idx: number): StepState {
    const step = this.steps[idx];
    if (!step) throw new Error(`no step ${idx}`);
    return step;
  }

  /** Changes a step's row; `topic` publishes the transition. */
  setStep(idx: number, patch: Partial<StepState>, topic?: StepTopic): void {
    const step = this.step(idx);
    Object.assign(step, patch);
    this.#dirtySteps.add(idx);
    this.setRun({ current_step_idx: this.#currentStep() });
    if (topic === 'failed') this.#pressing = true;
    if (topic) this.#publish(stepTopic(topic), `${idx}/${topic}/${step.calls.do}.${step.calls.undo}`, stepData(step));
  }

  /** Changes the run's row; a new status is published. */
  setRun(patch: RunPatch): void {
    const changed = Object.entries(patch).filter(([key, value]) => this.run[key as keyof RunState] !== value);
    if (changed.length === 0) return;
    const { status: before, cancel_requested } = this.run;
    Object.assign(this.run, Object.fromEntries(changed));
    Object.assign(this.#runPatch, Object.fromEntries(changed));
    if (this.run.status !== before || this.run.cancel_requested !== cancel_requested) this.#pressing = true;
    if (this.run.status !== before)
      this.#publish(runTopic(this.run.status), `${this.run.status}/${(this.#changes += 1)}`, runData(this.run));
  }

  /** A step asks for a decision. */
  putApproval(approval: Approval): void {
    const key = `${approval.step_idx}.${approval.n}`;
    this.#approvals.set(key, approval);
    this.#dirtyApprovals.add(key);
  }

  /** Changes what is known of a decision that was asked for. */
  setApproval(idx: number, n: number, patch: Partial<Approval>): void {
    const asked = this.#approvals.get(`${idx}.${n}`);
    if (asked) this.putApproval({ ...asked, ...patch });
  }

  /** Adds to the run's context. */
  putContext(entries: { readonly [key: string]: Json }): void {
    this.run.context = { ...this.run.context, ...entries };
    this.#runPatch.context = { ...this.#runPatch.context, ...entries };
  }

  /** Counts a step's output of `bytes`, unless all outputs together would then be over their bound: false. */
  chargeContext(idx: number, bytes: number): boolean {
    const others = [...this.#outputBytes].reduce((sum, [at, own]) => (at === idx ? sum : sum + own), 0);
    if (others + bytes > LIMITS.contextBytes) return false;
    this.#outputBytes.set(idx, bytes);
    return true;
  }

  /** Appends steps that were not in the plan. */
  append(added: readonly PlanStep[]): void {
    const steps = [...this.run.plan, ...added];
    const fresh = newSteps({ kind: this.run.kind, steps }).slice(this.steps.length);
    for (const step of fresh) {
      this.steps.push(step);
      this.#dirtySteps.add(step.step_idx);
    }
    this.setRun({ plan: steps });
  }

  /** Makes the steps from `fromStep` on pending again, after they have been undone. */
  forget(fromStep: number): void {
    const blank = {
      status: 'pending',
      output: null,
      error: null,
      attempts: 0,
      worker_id: null,
      activity_id: null,
      outcome: null,
      recorded: false,
    } as const;
    const times = { queued_at: null, started_at: null, completed_at: null, compensated_at: null, wakes_at: null };
    for (let idx = fromStep; idx < this.steps.length; idx += 1) {
      this.setStep(idx, { ...blank, ...times });
      this.#outputBytes.delete(idx);
    }
  }

  /** Makes every row part of the next batches: what a crashed workflow task wrote and never did is overwritten. */
  touchAll(): void {
    for (const step of this.steps) this.#dirtySteps.add(step.step_idx);
    const { status, current_step_idx, result, error, cancel_requested, completed_at } = this.run;
    Object.assign(this.#runPatch, { status, current_step_idx, result, error, cancel_requested, completed_at });
  }

  /** Takes what has changed, at most about `LIMITS.batchBytes` of step rows; the run's row and the events go with the last part. */
  takeBatch(): LedgerBatch {
    const steps = this.#takeSteps();
    const last = this.#dirtySteps.size === 0;
    const run = last ? this.#runPatch : {};
    const events = last ? this.#events : [];
    if (last) [this.#runPatch, this.#events, this.#pressing] = [{}, [], false];
    const approvals = [...this.#dirtyApprovals].flatMap((key) => this.#approvals.get(key) ?? []);
    this.#dirtyApprovals = new Set();
    const batch = { saga_id: this.run.id, version: this.#nextVersion(), run, steps, events };
    return approvals.length > 0 ? { ...batch, approvals } : batch;
  }

  /** The rows as `show` prints them. */
  rows(): SagaRun {
    const version = formatVersion({ run_no: this.runNo, history_length: this.#flush.historyLength, n: this.#flush.n });
    const steps = this.steps.map((step) => ({ saga_id: this.run.id, ...rowOf(step), version }));
    return { ...this.run, version, steps };
  }

  #takeSteps(): LedgerBatch['steps'] {
    const taken: LedgerBatch['steps'][number][] = [];
    let bytes = 0;
    for (const idx of [...this.#dirtySteps].toSorted((a, b) => a - b)) {
      const row = rowOf(this.step(idx));
      bytes += JSON.stringify(row).length;
      if (taken.length > 0 && bytes > LIMITS.batchBytes) break;
      taken.push(row);
      this.#dirtySteps.delete(idx);
    }
    return taken;
  }

  #nextVersion(): number {
    const { historyLength } = workflowInfo();
    const n = this.#flush.historyLength === historyLength ? this.#flush.n + 1 : 0;
    this.#flush = { historyLength, n };
    return formatVersion({ run_no: this.runNo, history_length: historyLength, n });
  }

  #currentStep(): number | null {
    const idx = this.steps.findIndex((step) => step.outcome !== 'done');
    return idx < 0 ? null : idx;
  }

  #seed(seed: SeedStep): void {
    const { step_idx, ...known } = seed;
    const outcome = seed.outcome ?? (seed.status === 'completed' || seed.status === 'skipped' ? 'done' : 'unknown');
    Object.assign(this.step(step_idx), known, { outcome: seed.status === 'pending' ? null : outcome, recorded: seed.status !== 'pending' });
  }

  #publish(type: string, what: string, data: Json): void {
    const { id, root_run_id } = this.run;
    const time = new Date().toISOString();
    this.#events.push({ id: `${id}/${root_run_id}/${this.runNo}/${what}`, type, source: SOURCE, subject: id, time, data });
  }
}

function newRun(plan: Plan, input: Json, start: SagaStart): RunState {
  const { workflowId, runId, startTime } = workflowInfo();
  const { reentry } = start;
  return {
    id: workflowId,
    run_id: runId,
    root_run_id: reentry?.root_run_id ?? runId,
    kind: plan.kind,
    job_id: start.job_id ?? workflowId,
    status: 'pending',
    plan: plan.steps,
    current_step_idx: 0,
    inputs: input,
    context: reentry?.context ?? {},
    result: null,
    metadata: start.metadata ?? {},
    cancel_requested: false,
    error: null,
    recovery_attempts: reentry?.recovery_attempts ?? 0,
    max_recovery_attempts: start.max_recovery_attempts ?? 3,
    parent_id: start.parent_id ?? null,
    version: 0,
    created_at: reentry?.created_at ?? startTime.toISOString(),
    started_at: reentry?.started_at ?? null,
    completed_at: null,
  };
}

function newSteps(plan: Plan): StepState[] {
  const needs = needsByIndex(plan);
  return plan.steps.map((step, idx) => ({
    plan: step,
    step_idx: idx,
    step_name: step.name,
    task_type: step.task_type ?? step.name,
    needs: needs[idx] ?? [],
    status: 'pending',
    output: null,
    error: null,
    attempts: 0,
    worker_id: null,
    activity_id: null,
    estimated_duration_s: step.estimated_duration_s ?? null,
    queued_at: null,
    started_at: null,
    completed_at: null,
    compensated_at: null,
    wakes_at: null,
    outcome: null,
    generation: 0,
    recorded: false,
    calls: { do: 0, undo: 0, value: 0 },
  }));
}

function rowOf(step: StepState): LedgerBatch['steps'][number] {
  const { plan: _plan, outcome: _outcome, generation: _generation, recorded: _recorded, calls: _calls, ...row } = step;
  return row;
}

function stepData(step: StepState): Json {
  const { step_idx, step_name, status, attempts, worker_id, error, queued_at, started_at, completed_at, compensated_at } = step;
  const timings = { queued_at, started_at, completed_at, compensated_at, duration_ms: milliseconds(queued_at, completed_at) };
  // Only what is suspended has one.
  const wakes = step.wakes_at === null ? {} : { wakes_at: step.wakes_at };
  return { step_idx, step_name, status, attempts, worker_id, error: error && { ...error }, ...timings, ...wakes };
}

function runData(run: RunState): Json {
  const { kind, status, error, created_at, started_at, completed_at } = run;
  return {
    kind,
    status,
    reason: error?.reason ?? null,
    created_at,
    started_at,
    completed_at,
    duration_ms: milliseconds(started_at, completed_at),
  };
}

function milliseconds(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}
